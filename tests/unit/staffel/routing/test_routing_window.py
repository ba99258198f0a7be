"""What of a text is looked at."""

from staffel.routing.window import window


def test_a_short_text_is_seen_whole_and_in_lower_case() -> None:
    assert window("Über Uns") == "über uns"


def test_decomposed_umlauts_are_composed() -> None:
    assert window("begru\u0308nde") == "begründe"


def test_a_long_text_is_seen_at_both_ends_only() -> None:
    seen = window("anfang " * 500 + "mitte " * 2_000 + "ende " * 300)
    assert "anfang" in seen
    assert "ende" in seen
    assert "mitte" not in seen
    assert len(seen) <= 2_001


def test_a_cut_leaves_no_piece_of_a_word() -> None:
    text = "x " * 748 + "Warumgehen" + " y" * 2_000 + " Mitmachart" + " z" * 248
    assert text[:1_500].endswith("Waru")
    assert text[-500:].startswith("hart")
    assert set(window(text).split()) == {"x", "z"}
