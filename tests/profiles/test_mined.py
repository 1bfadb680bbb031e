"""Tests of what suggest finds: tokens, formats, spelling, sets, spills, keys, dependencies, implausible numbers."""

import polars as pl

from qoa_platform.profiles.suggesting import suggest, wilson
from qoa_platform.profiles.suggesting.dependencies import dependencies
from qoa_platform.profiles.suggesting.facts import look
from qoa_platform.profiles.suggesting.formats import formats
from qoa_platform.profiles.suggesting.keys import candidate_keys
from qoa_platform.profiles.suggesting.numbers import plausible
from qoa_platform.profiles.suggesting.sets import closed_set
from qoa_platform.profiles.suggesting.spelling import near_misses
from qoa_platform.profiles.suggesting.spills import spills
from qoa_platform.profiles.suggesting.tokens import absences
from qoa_platform.records import Mode

TOWNS = ["Helsinki", "Tampere", "Oulu", "Turku"]


def column(values: list[str]) -> pl.DataFrame:
    """A frame of one text column."""
    return pl.DataFrame({"x": values})


def test_a_token_that_fills_whole_columns_is_a_convention() -> None:
    """Hospital's ``empty``: missing, and as it should be; the same word among numbers elsewhere is missing too."""
    frame = pl.DataFrame({"a": ["empty"] * 40, "b": [*["7"] * 35, *["empty"] * 5]})
    found = absences(frame, look(frame))
    assert (found["a"].tokens, found["b"].tokens) == (("empty",), ("empty",))
    assert not found["b"].doubted


def test_a_token_beside_true_gaps_is_doubted() -> None:
    """Beers' ``N/A``: the table leaves gaps elsewhere, so a word for one is a mistake."""
    frame = pl.DataFrame(
        {"a": ["N/A" if k % 3 == 0 else str(k) for k in range(40)], "b": ["" if k < 2 else "z" for k in range(40)]}
    )
    found = absences(frame, look(frame))
    assert found["a"].tokens == ("N/A",)
    assert found["a"].doubted


def test_columns_that_are_missing_together_have_a_hole() -> None:
    """Holes in the same rows are the data's own: nothing is doubted."""
    frame = pl.DataFrame({"a": [None] * 6 + ["x"] * 194, "b": [None] * 6 + ["y"] * 194, "c": ["z"] * 199 + [None]})
    found = absences(frame, look(frame))
    assert (found["a"].doubted, found["c"].doubted) == (False, True)


def test_words_that_may_be_values_need_more() -> None:
    """``none`` among words is a value; among numbers it is missing."""
    words, numbers = column(["none", "some", "all"] * 20), column([*map(str, range(50)), "none"])
    assert absences(words, look(words))["x"].tokens == ()
    assert absences(numbers, look(numbers))["x"].tokens == ("none",)


def test_a_unit_spelt_in_several_ways_is_no_format() -> None:
    """``12 oz`` and ``12 ounce``: numbers are meant, so every value fails; one unit everywhere is the format."""
    many = [f"{k}.0 {u}" for k in range(8, 20) for u in ("oz", "ounce", "oz.")]
    one = [f"{k} patients" for k in range(40)]
    mixed, alone = formats(look(column(many))["x"]), formats(look(column(one))["x"])
    assert mixed is not None
    assert mixed.fails == len(many)
    assert alone is not None
    assert (alone.pattern, alone.fails) == ("^[0-9]{1,2} patients$", 0)


def test_another_notation_of_a_number_fails() -> None:
    """``0.05%`` among ``0.05`` fails, however frequent; ``5+`` among few codes is a value like the others."""
    shares = [f"0.0{k}" for k in range(10, 40)] * 3 + [f"0.0{k}%" for k in range(10, 40)]
    found = formats(look(column(shares))["x"])
    assert found is not None
    assert found.fails == 30
    sizes = formats(look(column(["1", "2", "3", "5+"] * 20))["x"])
    assert sizes is None or sizes.fails == 0


def test_near_misses_are_letters_not_digits() -> None:
    """A wrong, missing, extra or swapped letter of a frequent value; neither another code nor another word."""
    values = [t for t in TOWNS for _ in range(30)] + ["Helsinkx", "Tamere", "Ouluu", "Truku", "Lahti"]
    assert {v: m.of for v, m in near_misses(look(column(values))["x"]).items()} == {
        "Helsinkx": "Helsinki", "Tamere": "Tampere", "Truku": "Turku",
    }  # fmt: skip
    codes = [f"PN-{k}" for k in (1, 2, 3) for _ in range(30)] + ["PN-4"]
    assert near_misses(look(column(codes))["x"]) == {}


def test_spelling_variants_are_found() -> None:
    """Case, width and blanks alone: the most frequent spelling counts."""
    found = near_misses(look(column(["Oulu"] * 9 + ["OULU", " oulu "]))["x"])
    assert {v for v, m in found.items() if m.variant} == {"OULU", " oulu "}


def test_a_closed_set_leaves_out_what_jumps() -> None:
    """Sixty rows a town and one row of something else: that is not trusted; a long tail is no set."""
    closed = closed_set(look(column([t for t in TOWNS for _ in range(60)] + ["Mars"]))["x"], ())
    assert closed is not None
    assert (set(closed.values), closed.doubted) == (set(TOWNS), 1)
    assert closed_set(look(column([f"name {k}" for k in range(100)]))["x"], ()) is None


def test_a_swallowed_neighbour_is_found() -> None:
    """``Boston MA`` beside an empty state."""
    frame = pl.DataFrame({
        "city": ["Boston", "Austin", "Denver"] * 20 + ["Boston MA", "Austin TX", "Denver CO"],
        "state": ["MA", "TX", "CO"] * 20 + [None] * 3,
    })  # fmt: skip
    (found,) = spills(frame, look(frame))
    assert (found.column, found.of, found.rows) == ("city", "state", 3)


def test_keys_are_minimal_and_no_accident() -> None:
    """Day and shop name a row; two columns with a value per row each would too, by chance."""
    frame = pl.DataFrame(
        {"day": [d for d in range(30) for _ in range(10)], "shop": list(range(10)) * 30, "sold": [1] * 300}
    )
    (found,) = candidate_keys(frame, look(frame))
    assert found.columns == ("day", "shop")


def test_a_dependency_is_found_under_its_mistakes() -> None:
    """Forty zips decide their towns, three cells are wrong; what is nearly constant depends on nothing."""
    zips = [f"{10_000 + k}" for k in range(40) for _ in range(8)]
    towns = [TOWNS[k % 4] for k in range(40) for _ in range(8)]
    for wrong in (5, 100, 200):
        towns[wrong] = "Lahti"
    frame = pl.DataFrame({"zip": zips, "town": towns, "ok": ["yes"] * 315 + ["no"] * 5})
    found = {(d.left, d.right): d for d in dependencies(frame, look(frame))}
    assert found[("zip",), "town"].minority == 3
    assert not any(right == "ok" for _, right in found)


def test_two_columns_may_decide_together() -> None:
    """Neither the shop nor the day decides the price, both do."""
    rows = [(s, d, str((s * 7 + d * 3) % 11)) for s in range(6) for d in range(6) for _ in range(5)]
    frame = pl.DataFrame(rows, schema=["shop", "day", "price"], orient="row")
    assert (("shop", "day"), "price") in {(d.left, d.right) for d in dependencies(frame, look(frame))}


def test_a_number_that_stands_apart_is_outside() -> None:
    """99 999 among ages is; the largest of a skewed column is not."""
    ages = plausible(look(pl.DataFrame({"x": [*range(18, 90)] * 2 + [99_999]}))["x"])
    assert ages is not None
    assert (ages.low, ages.high, ages.outside) == (0.0, 89.0, 1)
    skewed = plausible(look(pl.DataFrame({"x": [1.05**k for k in range(200)]}))["x"])
    assert skewed is not None
    assert skewed.outside == 0


def test_what_the_source_breaks_is_only_observed() -> None:
    """A promise with rows against it is `mode: observe` and says how many; one without is enforced."""
    found = suggest(column([t for t in TOWNS for _ in range(30)] + ["Oulx"]))
    known, complete = found.of("x_known"), found.of("x_complete")
    assert (known.violations, known.mode) == (1, Mode.OBSERVE)
    assert (complete.violations, complete.mode) == (0, Mode.ENFORCE)
    assert "DOUBTFUL on its source" in found.text
    assert known.sure < complete.sure < 1


def test_wilson_is_scipys() -> None:
    """The interval is that of SciPy's ``proportion_ci``."""
    from scipy.stats import binomtest

    for hits, n in ((0, 7), (3, 9), (50, 50), (1, 1000)):
        oracle = binomtest(hits, n).proportion_ci(0.95, method="wilson")
        assert abs(wilson(hits, n, 1.959963985)[0] - oracle.low) < 1e-9
        assert abs(wilson(hits, n, 1.959963985)[1] - oracle.high) < 1e-9


def test_a_column_that_names_rows_of_another_table() -> None:
    """Two orphans of two hundred: promised as it is; a column of the same name that repeats is no parent."""
    products, other = pl.DataFrame({"product": range(50)}), pl.DataFrame({"product": [1, 1, 2]})
    lines = pl.DataFrame({"product": [*(k % 50 for k in range(198)), 90, 91]})
    found = suggest(lines, beside={"shop/products": products, "shop/other": other})
    refers = [e for e in found.evidence if e.metric == "data.referential_integrity"]
    assert [(e.promise, e.violations, e.mode) for e in refers] == [("product_refers", 2, Mode.ENFORCE)]
    assert "parent: " in found.text


def test_a_hole_that_another_column_explains_is_the_datas_own() -> None:
    """No cause of death where nobody died, whatever the word for it."""
    died = [k % 3 == 0 for k in range(90)]
    cause = [["flu", "age"][k % 2] if d else "NA" for k, d in enumerate(died)]
    number = [str(k) if k % 11 else "NA" for k in range(90)]
    frame = pl.DataFrame(
        {"died": ["yes" if d else "no" for d in died], "cause": cause, "number": number, "y": [""] + ["z"] * 89}
    )
    found = absences(frame, look(frame))
    assert (found["cause"].tokens, found["cause"].doubted) == (("NA",), False)
