from datetime import UTC, datetime

from messages import FEATURES, about, news
from upriver.ids import AssetId
from upriver.notify import wording

PREDICTIONS = AssetId("dataset", "lake", "gold.predictions")
ABOUT = {
    FEATURES: about(owners=("ada",), models=("churn 12 (champion)", "churn 11"), below=frozenset({PREDICTIONS})),
    PREDICTIONS: about(PREDICTIONS),
}
BASE = "https://upriver.example"


def message(*story):
    return wording.message("k1", story, ABOUT, base=BASE)


def test_a_message_says_what_moved_since_when_where_what_it_feeds_and_where_to_look():
    since = datetime(2026, 10, 24, tzinfo=UTC)
    assert message(news(since=since)).text == (
        "On gold.features, monitor features raised one alert, since 24 Oct 2026:\n"
        "- age (drift, error): PSI is 0.31, limit 0.1.\n"
        "It feeds churn 12 (champion) and churn 11.\n"
        "ada owns it.\n"
        "Monitor features: https://upriver.example/monitors/features\n"
        "gold.features: https://upriver.example/assets/dataset:lake/gold.features"
    )


def test_what_is_downstream_is_said_to_be():
    text = message(news(1), news(2, asset=PREDICTIONS, monitor="served", subject="score")).text
    assert "\n\nDownstream, on gold.predictions, monitor served raised one alert:" in text


def test_the_subject_counts_what_it_does_not_name():
    assert message(news(1), news(2), news(3)).subject == "age of gold.features moved, and 2 more"


def test_an_end_says_that_the_data_recovered():
    told = message(news(event="resolved"))
    assert told.subject == "Recovered: age of gold.features"
    assert "ended: the data recovered." in told.text


def test_a_slice_is_named():
    assert "age (drift, error) where region = EU: PSI" in message(news(slice="region = EU")).text


def test_a_subject_is_one_line_however_a_column_is_called():
    subject = message(news(subject="a\r\nBcc: x@example.org\n" + "b" * 500)).subject
    assert "\n" not in subject
    assert "\r" not in subject
    assert len(subject) <= 200


def test_html_holds_no_markup_of_others():
    page = wording.html(message(news(subject="<script>", because='<img src="x">')))
    assert "<script>" not in page
    assert "<img" not in page


def test_thousands_of_alerts_make_a_message_of_one_screen():
    told = message(*(news(n, subject=f"c{n}") for n in range(1, 2001)))
    assert len(told.text) < 2000
    assert "- and 1988 more" in told.text
    assert len(told.parts[0].news) == 2000


def test_a_monitor_of_any_name_has_a_link():
    assert message(news(monitor="a/b c?")).url == "https://upriver.example/monitors/a%2Fb%20c%3F"
