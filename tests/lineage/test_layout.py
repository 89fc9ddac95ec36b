import random
import time
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from upriver.lineage.layout import BELOW, WIDTH, layout

names = st.sampled_from([f"n{n}" for n in range(9)])
graphs = st.lists(st.tuples(names, names), max_size=25)


def placed(pairs, height=60.0):
    cards = dict.fromkeys([n for pair in pairs for n in pair], height)
    return layout(cards, [((a, 30.0), (b, 30.0)) for a, b in pairs])


def test_what_feeds_stands_left_of_what_it_feeds():
    boxes = placed([("raw", "clean"), ("clean", "model"), ("raw", "model")]).boxes
    assert boxes["raw"].x < boxes["clean"].x < boxes["model"].x


@given(graphs)
def test_no_two_cards_overlap(pairs):
    for one, other in combinations(placed(pairs).boxes.values(), 2):
        beside = abs(one.x - other.x) >= WIDTH
        apart = one.y + one.height + BELOW <= other.y + 0.01 or other.y + other.height + BELOW <= one.y + 0.01
        assert beside or apart


@given(graphs)
def test_everything_lies_inside_the_drawing(pairs):
    drawing = placed(pairs)
    for box in drawing.boxes.values():
        assert -0.01 <= box.x <= drawing.width - WIDTH + 0.01
        assert -0.01 <= box.y <= drawing.height - box.height + 0.01
    for bends in drawing.bends.values():
        assert all(-0.01 <= y <= drawing.height + 0.01 for _, y in bends)


@given(graphs)
def test_the_same_graph_gives_the_same_drawing(pairs):
    assert placed(pairs) == placed(pairs)


def test_a_cycle_is_drawn_and_ends():
    boxes = placed([("a", "b"), ("b", "c"), ("c", "a")]).boxes
    assert len({box.x for box in boxes.values()}) == 3


def test_a_link_that_skips_a_layer_bends_around_the_card_between():
    drawing = placed([("a", "b"), ("b", "c"), ("a", "c")])
    [(_, y)] = drawing.bends["a", "c"]
    between = drawing.boxes["b"]
    assert y <= between.y or y >= between.y + between.height


def test_an_empty_graph_is_an_empty_drawing():
    assert layout({}, []) == ({}, {}, 0.0, 0.0)


def test_four_hundred_cards_with_four_thousand_links_take_less_than_a_second():
    rng = random.Random(1)
    pairs = [(f"n{a}", f"n{b}") for a, b in (sorted(rng.sample(range(400), 2)) for _ in range(4000))]
    start = time.process_time()
    placed(pairs)
    assert time.process_time() - start < 1.0
