"""How far has the data moved that feeds a model, is it sound, and how good are the predictions made from it?"""
