"""What did pipelines say of themselves?  Events are kept first, as they came, and understood afterwards.

`inbox` makes an event durable before the sender is thanked; `take` works through the inbox at its own pace;
`asides` remembers what could not be understood, so that it can be tried again when that is mended.
"""
