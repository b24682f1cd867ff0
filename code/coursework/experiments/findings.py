"""What the results say, in words: each conclusion is a named predicate, and the sentence follows its outcome.

A predicate sees intervals and sweeps (see `analysis`), never a run, so that a test can reverse every one of them.
"""

import numpy as np

LOSS_TARGET = 0.30  # nats: beside the target error rate, stated before anything was trained

# --- Numbers in words ---

NO_BREAK = "\u00a0"  # a number stays on one line with its unit
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def decimal(value, digits=3, signed=False):
    """``-0.5`` as "−0.500": a true minus, no negative zero."""
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("+-")
    return text.replace("-", "−")


def percent(value, digits=1, signed=False):
    """A proportion as "12.3 %"."""
    if not np.isfinite(value):
        return "diverged"
    return decimal(100 * value, digits, signed) + NO_BREAK + "%"


def points(value, digits=1, signed=False):
    """A difference of proportions as "1.2 points" (percentage points)."""
    return decimal(100 * value, digits, signed) + NO_BREAK + "points"


def scientific(value):
    """``3e-5`` as "3 × 10⁻⁵"; 0 and 1 stay, and a leading "1 ×" is left out."""
    if value == 0:
        return "0"
    exponent = int(np.floor(np.log10(abs(value)) + 1e-9))
    mantissa = f"{value / 10.0**exponent:.3g}"
    if exponent == 0:
        return mantissa
    power = "10" + str(exponent).translate(_RAISED)
    return power if mantissa == "1" else f"{mantissa}{NO_BREAK}×{NO_BREAK}{power}"


def whole(value):
    """``48000`` as "48,000"."""
    return f"{int(value):,}"


def with_limits(interval, show=decimal, digits=None):
    """ "0.432 (0.428 to 0.436)", or the mean alone where there are no limits; digits by default 3, % 1, points 2."""
    digits = {decimal: 3, percent: 1, points: 2}[show] if digits is None else digits
    if not np.isfinite(interval.mean):
        return "diverged"
    if not interval.known:
        return show(interval.mean, digits)
    unit = {decimal: "", percent: NO_BREAK + "%", points: NO_BREAK + "points"}[show]
    low, high = (show(limit, digits).removesuffix(unit) for limit in (interval.low, interval.high))
    return f"{show(interval.mean, digits)} ({low} to {high})"


def in_words(items):
    """ "a", "a and b", "a, b and c"."""
    items = list(items)
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def table(header, rows, align=None):
    """A Markdown table. ``align`` has a letter (l or r) for each column; else the first is text, the others numbers."""
    align = align or "l" + "r" * (len(header) - 1)
    rule = [{"l": ":--", "r": "--:"}[letter] for letter in align]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in (header, rule, *rows))


def headline(sentence):
    """What a conclusion sets in bold: its verdict without the numbers; all of it where nothing could be concluded."""
    return sentence.split("**")[1].rstrip(".") + "." if "**" in sentence else sentence


def merged(verdicts, first="MLP", second="CNN"):
    """Say once, where it was said first, what was concluded of both models alike."""
    left, found = list(verdicts), []
    while left:
        verdict = left.pop(0)
        twin = verdict.replace(first, second)
        if twin != verdict and twin in left:
            left.remove(twin)
            pronoun = "either" if " not " in verdict else "each"
            verdict = verdict.replace(f"The {first}", f"{pronoun.title()} model")
            verdict = verdict.replace(f"the {first}", f"{pronoun} model")
        found.append(verdict)
    return found


# --- Predicates ---


def clearly_above(interval, value=0.0):
    """The whole 95 % interval lies above ``value``."""
    return interval.known and interval.low > value


def clearly_below(interval, value=0.0):
    return interval.known and interval.high < value


def not_distinguishable(interval, value=0.0):
    """There is an interval, and it contains ``value``."""
    return interval.known and interval.low <= value <= interval.high


def diverged(interval):
    return not np.isfinite(interval.mean)


def reaches(training, target):
    """The model is large enough: in every seed the training value ends below the target."""
    return bool((np.asarray(training) < target).all())


def misses(validation, target):
    """In every seed the validation value ends above the target."""
    return bool((np.asarray(validation) > target).all())


def overfits(train_loss, validation_loss, train_error, validation_error, loss_target, error_target):
    """Training loss and error below their targets, validation loss and error above them, in every seed."""
    return (
        reaches(train_loss, loss_target)
        and reaches(train_error, error_target)
        and misses(validation_loss, loss_target)
        and misses(validation_error, error_target)
    )


def turns_up(history):
    """The mean validation loss ends clearly above its own lowest point: at least 5 % and in every seed.

    Parameters
    ----------
    history : array, shape (seeds, evaluations)
    """
    history = np.asarray(history)
    return bool((history[:, -1] > 1.05 * history.min(axis=1)).all())


def helps(sweep):
    """Some regularisation is clearly better than none: the unregularised value is clearly above the best."""
    return sweep.values[0] == 0 and sweep.best != 0 and clearly_above(sweep.against_best(0))


def costs_error(sweep):
    """The value with the lowest loss has a clearly higher error rate than no regularisation."""
    return clearly_above(sweep.against(sweep.best, 0, "validation_error"))


def too_much_hurts(sweep):
    """The largest value is clearly worse than the best, or diverges."""
    last = len(sweep.values) - 1
    difference = sweep.against_best(last)
    return sweep.best != last and (diverged(difference) or clearly_above(difference))


def rivals(sweep):
    """Values whose validation loss is not distinguishable from that of the best, by paired seeds; the best left out."""
    return [v for i, v in enumerate(sweep.values) if i != sweep.best and not_distinguishable(sweep.against_best(i))]


def underfits(sweep):
    """At the largest value even the training loss is above the validation loss of the best value, in every seed."""
    return bool((sweep.train_loss[-1] > sweep.validation_loss[sweep.best]).all())


def more_data_helps(sweep, quantity="validation_loss"):
    """Each size is clearly better than the one before, paired by seed."""
    return all(clearly_below(step) for step in sweep.steps(quantity))


def still_falling(step):
    """The last doubling of the data clearly helped (``step`` = last minus last but one, paired by seed)."""
    return clearly_below(step)


def clearly_worse_law(law, other):
    """Larger residuals and a worse prediction of the largest size than the other's, both clearly, paired by seed."""
    return all(clearly_above(excess) for excess in law.excess(other))


def overconfident(bias):
    """Mean confidence is clearly above accuracy; ``bias`` is the interval of their difference over examples."""
    return clearly_above(bias)


def underconfident(bias):
    return clearly_below(bias)


# --- Sentences ---

KINDS = {"l2": "L2", "dropout": "dropout"}


def _value(sweep, value):
    return scientific(value) if sweep.over == "l2" else f"{value:g}"


def _at(sweep, *values):
    """ "λ = 10⁻³", "a dropout rate of 0.2 or 0.4"."""
    *others, last = (_value(sweep, value) for value in values)
    listed = f"{', '.join(others)} or {last}" if others else last
    return f"λ = {listed}" if sweep.over == "l2" else f"a dropout rate of {listed}"


def fit_sentence(model, examples, fit, loss_target, error_target):
    """Is the model large enough, and does it overfit? ``fit`` holds the four final values, shape (seeds,) each."""
    t_loss, v_loss, t_error, v_error = (
        np.asarray(getattr(fit, q)) for q in ("train_loss", "validation_loss", "train_error", "validation_error")
    )
    seen = (
        f"after the last epoch the training error is {percent(t_error.mean())} (loss {decimal(t_loss.mean())}) and "
        f"the validation error {percent(v_error.mean())} (loss {decimal(v_loss.mean())}; seeds: {t_loss.size})"
    )
    target = f"the target of {percent(error_target, 0)} error and {decimal(loss_target, 2)} loss"
    if not np.isfinite(t_loss).all():
        return f"At {whole(examples)} examples a training of the {model} diverged; nothing is concluded from it."
    if overfits(t_loss, v_loss, t_error, v_error, loss_target, error_target):
        return (
            f"**The {model} overfits.** At {whole(examples)} examples {seen}: in every seed training lies below "
            f"{target}, validation above it. The model is large enough; what it lacks is regularisation or data."
        )
    if not (reaches(t_error, error_target) and reaches(t_loss, loss_target)):
        return (
            f"**The {model} misses the target on its training data.** At {whole(examples)} examples {seen}; "
            f"{target} is not met in every seed, so the model would have to be larger or trained for longer."
        )
    if (v_error < error_target).all() and (v_loss < loss_target).all():
        return (
            f"**The {model} meets the target on validation too.** At {whole(examples)} examples {seen}: "
            f"both lie below {target}, so by this measure it does not overfit."
        )
    return (
        f"**The {model} overfits in part.** At {whole(examples)} examples {seen}: training lies below {target}, "
        "validation lies above it in some seeds or in one of the two measures only."
    )


def curve_sentence(model, histories, epochs):
    """Does the validation loss turn up again? ``histories``: validation loss, shape (seeds, evaluations)."""
    mean = np.asarray(histories).mean(axis=0)
    if not np.isfinite(mean).all():
        return f"The {model}'s validation loss has no lowest point: a training diverged."
    lowest = int(mean.argmin())
    if turns_up(histories):
        return (
            f"The {model}'s validation loss is lowest at epoch {epochs[lowest]:.0f} ({decimal(mean[lowest])}) and "
            f"climbs to {decimal(mean[-1])} by the end, in every seed, while the training loss falls: it overfits."
        )
    if lowest == len(mean) - 1:
        each = np.asarray(histories)
        climb = np.ceil(1000 * (each[:, -1] - each.min(axis=1)).max()) / 1000
        return (
            f"The {model}'s mean validation loss is lowest at the end ({decimal(mean[-1])}), and no seed's own lowest "
            f"point lies more than {decimal(climb)} below its end. So overfitting, where there is any here, shows as a "
            "gap to the training loss, hardly as a climb."
        )
    return (
        f"The {model}'s validation loss is lowest at epoch {epochs[lowest]:.0f} ({decimal(mean[lowest])}) and ends at "
        f"{decimal(mean[-1])}: it does not clearly climb again in every seed."
    )


def sweep_sentence(model, sweep):
    """The best value, whether it beats none at all, what the error rate does, and whether too much hurts."""
    best, kind = _value(sweep, sweep.best_value), KINDS[sweep.over]
    name = "λ" if sweep.over == "l2" else "dropout rate"
    loss = sweep.intervals("validation_loss")
    if diverged(loss[sweep.best]):
        return f"**For the {model} no {name} can be chosen**: at each one tried a training diverged."
    verdict = f"For the {model} the best {name} is {best}"
    here = f"validation loss {with_limits(loss[sweep.best])}"
    parts = []
    if sweep.best == 0:
        parts.append(f"**The {model} is best without {kind}**: the lowest mean {here} belongs to {_at(sweep, 0)}.")
    elif helps(sweep):
        error = sweep.against(sweep.best, 0, "validation_error")
        note = "" if clearly_below(error) else ", by loss; its error rate rises" if costs_error(sweep) else ", by loss"
        parts.append(
            f"**{verdict}{note}**: {here}, against {with_limits(loss[0])} without; paired by seed the gain is "
            f"{with_limits(sweep.against_best(0))}, so {kind} helps the loss. {error_sentence(sweep)}"
        )
    elif diverged(loss[0]):
        parts.append(f"**{verdict}**: {here}; without {kind} a training diverged.")
    elif sweep.against_best(0).known:
        parts.append(
            f"**{verdict}, but not distinguishable from none**: {here}; the gain over {_at(sweep, 0)}, "
            f"{with_limits(sweep.against_best(0))}, may be zero, so {kind} is not shown to help. "
            f"{error_sentence(sweep)}"
        )
    else:
        parts.append(
            f"**{verdict}**: {here}, against {with_limits(loss[0])} without; one seed gives no interval to judge that "
            "by."
        )
    parts.append(too_much_sentence(model, sweep))
    if underfits(sweep):
        train = with_limits(sweep.intervals("train_loss")[-1])
        parts.append(f"There even the training loss, {train}, is above the best validation loss: the model underfits.")
    others = [v for v in rivals(sweep) if v > 0 or sweep.best == 0]
    if others:
        parts.append(
            f"Not distinguishable from the best: {_at(sweep, *others)}; the optimum is a region rather than a point."
        )
    if len(sweep.seeds) > 2:
        parts.append(stability_sentence(sweep))
    return " ".join(parts)


def regularisers_sentence(model, loss, error):
    """L2 or dropout? ``loss`` and ``error`` are intervals of dropout minus L2, each at its best, paired by seed."""
    seen = (
        f"dropout minus L2, each at its best, changes the loss by {with_limits(loss)} and the error by "
        f"{with_limits(error, points, 2)}"
    )
    if not (loss.known and error.known):
        return f"For the {model} {seen}; without intervals nothing more can be said."
    words = [
        "better than L2" if clearly_below(d) else "worse than L2" if clearly_above(d) else "not distinguishable from L2"
        for d in (loss, error)
    ]
    verdict = words[0] if words[0] == words[1] else f"{words[0]} by loss and {words[1]} by error"
    return f"**For the {model} dropout is {verdict}**: {seen}."


def error_sentence(sweep):
    """What the value with the lowest loss does to the error rate, against no regularisation."""
    change = sweep.against(sweep.best, 0, "validation_error")
    if clearly_below(change):
        return f"The error rate falls too, by {with_limits(change.negated(), points, 2)}."
    if clearly_above(change):
        return (
            f"The error rate, however, rises by {with_limits(change, points, 2)}: the probabilities become better, the "
            "decisions do not."
        )
    return f"The change of the error rate, {with_limits(change, points, 2)}, is not distinguishable from zero."


def stability_sentence(sweep):
    """Does the choice hang on one seed?"""
    same, count = sweep.choices_without_one_seed().count(sweep.best), len(sweep.seeds)
    if same == count:
        return "Whichever seed is left out, the choice is the same."
    return f"Leaving out one seed changes the choice in {count - same} of {count} cases."


def too_much_sentence(model, sweep):
    """What the largest value tried does, against the best and against none."""
    last = len(sweep.values) - 1
    most, losses = _at(sweep, sweep.values[last]), sweep.intervals("validation_loss")
    loss = losses[last]
    if diverged(losses[sweep.best]):
        return f"Whether too much hurts the {model} cannot be told."
    if too_much_hurts(sweep) and diverged(loss):
        return f"Too much hurts: at {most} a training of the {model} diverged."
    if too_much_hurts(sweep):
        seen = f"Too much hurts: at {most} the {model}'s validation loss is {with_limits(loss)}"
        none = sweep.against(last, 0)
        if sweep.best == 0 or sweep.values[0] != 0 or not none.known:
            return f"{seen}."
        if clearly_above(none):
            return f"{seen}, more than without any."
        if clearly_below(none):
            return f"{seen}, though still less than without any."
        return f"{seen}: worse than the best, but not distinguishable from none."
    if sweep.best == last:
        return f"The best value is the largest tried, so that the range should be widened beyond {most}."
    return f"Even the largest value tried, {most}, is not clearly worse than the best for the {model}."


def comparison_sentence(first, second, examples, loss, error, what="validation"):
    """Which model is better? ``loss`` and ``error`` are intervals of second minus first, paired."""
    where = f"the {second}'s {what} loss minus the {first}'s is {with_limits(loss)}"
    points_ = with_limits(error, points)
    at = f"({what} set, {whole(examples)} training examples)"
    if not loss.known:
        return (
            f"On the {what} set, with {whole(examples)} training examples, {where} and its error differs by {points_}; "
            "without an interval nothing more can be said."
        )
    both = f"{where}, its error differs by {points_} (mean and 95 % interval, {loss.seeds} paired seeds)"
    if clearly_below(loss) and clearly_below(error):
        return f"**The {second} beats the {first} {at}**: {both}. Both intervals lie below zero."
    if clearly_above(loss) and clearly_above(error):
        return f"**The {first} beats the {second} {at}**: {both}. Both intervals lie above zero."
    if not_distinguishable(loss) and not_distinguishable(error):
        return f"**The two models are not distinguishable {at}**: {both}. Both intervals contain zero."
    verdicts = [
        f"the {second} is better by {name}" if clearly_below(d)
        else f"the {first} is better by {name}" if clearly_above(d)
        else f"by {name} they are not distinguishable"
        for name, d in (("loss", loss), ("error", error))
    ]  # fmt: skip
    return f"**The comparison is mixed {at}**: {both}. That is, {in_words(verdicts)}."


def learning_sentence(model, sweep, last_step, target):
    """Does more data help, does it still at the end, and where is the target error reached?"""
    loss, error = (
        np.array([i.mean for i in sweep.intervals(quantity, log=True)])  # geometric, as on the figure's axes
        for quantity in ("validation_loss", "validation_error")
    )
    small, large = whole(sweep.values[0]), whole(sweep.values[-1])
    if not (np.isfinite(loss).all() and np.isfinite(error).all()):
        return f"A training of the {model} diverged, so that its learning curve is incomplete."
    span = (
        f"from {small} to {large} examples its validation loss goes from {decimal(loss[0])} to {decimal(loss[-1])} "
        f"and its error rate from {percent(error[0])} to {percent(error[-1])}"
    )
    falls = more_data_helps(sweep), more_data_helps(sweep, "validation_error")
    if all(falls):
        parts = [f"**More data helps the {model} at every size tried**: {span}."]
    elif loss[-1] < loss[0] and error[-1] < error[0]:
        parts = [f"**More data helps the {model} on the whole**, though not clearly at every step: {span}."]
    else:
        parts = [f"**More data does not help the {model} here**: {span}."]
    if still_falling(last_step):
        lowers = f"The last step still lowers the loss by {with_limits(last_step.negated())}"
        if clearly_above(sweep.flattening("validation_loss")):
            before, last = (with_limits(slope, digits=2) for slope in sweep.slopes("validation_loss")[-2:])
            parts.append(f"{lowers}, but the curve flattens: its slope on the log-log axes is {last}, after {before}.")
        else:
            parts.append(f"{lowers}: no end is seen.")
    elif last_step.known:
        parts.append(f"The last step changes the loss by {with_limits(last_step)}, which {_end(last_step)}.")
    reached = [n for n, e in zip(sweep.values, error, strict=True) if e < target]
    parts.append(
        f"The target of {percent(target, 0)} is reached at {whole(reached[0])} examples."
        if reached
        else f"The target of {percent(target, 0)} is not reached."
    )
    return " ".join(parts)


def _end(step):
    return "clearly rises" if clearly_above(step) else "is not distinguishable from zero"


def scaled_sentence(model, differences):
    """Fixed λ or λ ∝ 1/n? ``differences``: size to scaled minus fixed validation loss, paired by seed."""
    *smaller, largest = differences
    last = differences[largest]
    at = f"at {whole(largest)} examples"
    seen = f"compared with a fixed λ its validation loss changes by {with_limits(last)}"
    if clearly_below(last):
        parts = [f"**The {model} is better with λ ∝ 1/n {at}**: {seen}."]
    elif clearly_above(last):
        parts = [f"**The {model} is worse with λ ∝ 1/n {at}**: {seen}."]
    elif last.known:
        parts = [f"**For the {model} fixed λ and λ ∝ 1/n are not distinguishable {at}**: {seen}."]
    else:
        parts = [f"For the {model} with λ ∝ 1/n {at}: {seen}; one seed gives no interval."]
    for size in smaller:
        change = differences[size]
        judged = (
            "better" if clearly_below(change)
            else "worse" if clearly_above(change)
            else "not distinguishable"
        )  # fmt: skip
        if change.known:
            parts.append(f"At {whole(size)} it is {judged}: {with_limits(change)}.")
    return " ".join(parts)


def bend_sentence(model, bends):
    """Does the end of a curve bend because of the data, or because λ is fixed? ``bends``: λ fixed, then λ ∝ 1/n."""
    small, middle, large = map(whole, bends.sizes)
    fixed, scaled = (
        " and ".join(with_limits(slope, digits=2) for slope in slopes)
        for slopes in (bends.first_slopes, bends.second_slopes)
    )
    seen = (
        f"from {small} to {middle} and on to {large} examples its loss has the log-log slopes {fixed} with λ fixed, "
        f"{scaled} with λ ∝ 1/n (the same {whole(bends.more.seeds)} seeds)"
    )
    if not bends.more.known:
        return f"Of the {model}, {seen}; without intervals nothing more can be said."
    apart = f"The latter two are {with_limits(bends.second_bend, digits=2)} apart"
    rest = f"{apart}: with λ ∝ 1/n no bend is seen." if not_distinguishable(bends.second_bend) else f"{apart}."
    if clearly_above(bends.more):
        return f"**At least a part of the bend in the {model}'s curve comes from the fixed λ**: {seen}. {rest}"
    return f"**That the {model}'s curve bends because λ is fixed is not shown**: {seen}. {rest}"


def law_sentence(model, quantity, laws, scaled=None):
    """Which law describes a curve with a fixed λ best?

    Parameters
    ----------
    model, quantity : str
    laws : mapping of kind to ``LawSummary``
    scaled : Interval, optional
        The same quantity at the largest size with λ ∝ 1/n.
    """
    offset = laws["power law with offset"]
    show = percent if "error" in quantity else decimal
    b = with_limits(offset.intervals["exponent"], digits=2)
    c = with_limits(offset.intervals["offset"], show)
    quality = in_words(
        f"{kind} {percent(law.rms.mean)}"
        + (f" ({percent(law.held_out.mean, signed=True)})" if np.isfinite(law.held_out.mean) else "")
        for kind, law in laws.items()
    )
    beaten = [k for k, law in laws.items() if any(clearly_worse_law(law, other) for other in laws.values())]
    left = [f"the {k}" for k in laws if k not in beaten]
    curve = f"the {model}'s {quantity} curve with λ fixed"
    if len(left) == 1:
        verdict = f"**Of the laws tried, {left[0]} describes {curve} best**: the others are clearly worse"
    elif beaten:
        verdict = (
            f"**The {in_words(beaten)} does not describe {curve}**; between {in_words(left)} the results do not decide"
        )
    else:
        verdict = f"**No law tried is clearly worse than another for {curve}**"
    if clearly_above(offset.intervals["offset"], 1e-6):
        floor = (
            f"The offset c = {c} is clearly above zero: as far as this law holds, with λ fixed and the steps "
            "bounded as here, more data would not take the model below it."
        )
        if scaled is not None and clearly_below(scaled, offset.intervals["offset"].low):
            floor += f" With λ ∝ 1/n it is below it already: {with_limits(scaled, show)}. So c is a limit of this λ."
        elif scaled is not None and scaled.known:
            floor += f" With λ ∝ 1/n it comes to {with_limits(scaled, show)}, which is not clearly below c."
    else:
        floor = f"The interval of the offset, c = {c}, reaches down to zero: an irreducible part is not shown."
    held_out = any(np.isfinite(law.held_out.mean) for law in laws.values())
    brackets = (
        "; in brackets the error in predicting the largest size from the others, negative where it is too low"
        if held_out
        else ""
    )
    bound = ", a bound of the search" if offset.central.at_bound else ""
    return (
        f"{verdict}. Residuals (root mean square{brackets}): {quality}. The exponent of the power law with offset is "
        f"b = {b}{bound}. {floor}{_turning(laws.get('log-parabola'))}"
    )


def _turning(parabola):
    """Where a log-parabola turns up again: beyond, it says that more data hurt, which nobody should believe."""
    if parabola is None or (bend := parabola.central.parameters["bend"]) <= 0:
        return ""
    turn = np.exp(min(-parabola.central.parameters["slope"] / (2 * bend), 99))
    if turn > 2 * parabola.central.sizes.max():  # beyond what is drawn
        return ""
    return f" The log-parabola turns up again at n ≈ {whole(float(f'{turn:.2g}'))}: it serves inside the data only."


def test_sentence(model, what, validation, test, difference):
    """Does the test set agree with the validation set?

    Parameters
    ----------
    model : str
    what : str
        ``"loss"`` or ``"error"``.
    validation, test : float
        Their means over seeds.
    difference : Interval
        Test minus validation.
    """
    show, unit = (decimal, with_limits) if what == "loss" else (lambda x: percent(x, 2), _in_points)
    seen = (
        f"The {model}'s test {what} is {show(test)}, the validation {what} of the same weights {show(validation)}: a "
        f"difference of {unit(difference)}"
    )
    if clearly_above(difference):
        return (
            f"{seen}, more than the chance in images and seeds explains: the test images are harder, or the choices "
            "made on the validation set flatter it."
        )
    if clearly_below(difference):
        return f"{seen}, more than the chance in images and seeds explains: the test images are easier."
    return f"{seen}, not distinguishable from zero."


def _in_points(interval):
    return with_limits(interval, points, 2)


def target_sentence(target, errors):
    """Which final model meets the target? ``errors``: mapping of model to the interval of its test error."""
    verdicts = [
        f"the {model} meets" if clearly_below(error, target)
        else f"the {model} misses" if clearly_above(error, target)
        else f"the {model} cannot be told from"
        for model, error in errors.items()
    ]  # fmt: skip
    first, *others = verdicts
    verdict = " and ".join([f"{first} the target of {percent(target, 0)} error", *(f"{other} it" for other in others)])
    seen = in_words(f"{model} {with_limits(error, percent, 2)}" for model, error in errors.items())
    return f"**On the test set {verdict}**: {seen}."


def effects_table(effects):
    """What matters most? ``effects``: (change, model, examples) to what it does to the validation loss, an interval."""
    known = [(what, effect) for what, effect in effects.items() if np.isfinite(effect.mean)]
    known.sort(key=lambda entry: -abs(entry[1].mean))
    rows = [(change, model, whole(examples), with_limits(effect)) for (change, model, examples), effect in known]
    return table(["Change", "Model", "Examples", "Change of the loss"], rows, align="llrr")


def images_sentence(first, second, difference):
    """Two trained models on the same test images: ``difference`` of their error rates, second minus first, by image."""
    seen = (
        f"over the {whole(difference.seeds)} test images the {second}'s error rate minus the {first}'s is "
        f"{with_limits(difference, points)}"
    )
    if clearly_below(difference):
        return f"Of these two trained models the {second} is better: {seen}."
    if clearly_above(difference):
        return f"Of these two trained models the {first} is better: {seen}."
    return f"These two trained models are not distinguishable: {seen}."


def confusion_sentence(model, matrix, names):
    """The hardest class and the commonest confusion (the unordered pair with most errors)."""
    matrix = np.asarray(matrix)
    errors = 1 - np.diag(matrix) / np.maximum(matrix.sum(axis=1), 1)
    pairs = np.triu(matrix + matrix.T, 1)
    if pairs.sum() == 0:
        return f"The {model} makes no mistake on the test set."
    i, j = np.unravel_index(pairs.argmax(), pairs.shape)
    share = pairs[i, j] / pairs.sum()
    worst, easiest = int(errors.argmax()), int(errors.argmin())
    return (
        f"The {model}'s hardest class is *{names[worst]}* ({percent(errors[worst])} wrong), its easiest "
        f"*{names[easiest]}* ({percent(errors[easiest])}). The commonest confusion is between *{names[i]}* and "
        f"*{names[j]}*: {whole(pairs[i, j])} mistakes, {percent(share, 0)} of all."
    )


def calibration_sentence(model, result):
    """Is the model too sure of itself?"""
    seen = (
        f"expected calibration error {percent(result.expected_error)}, "
        f"mean confidence minus accuracy {with_limits(result.bias, points)}"
    )
    if not result.bias.known:
        return f"Of the {model}'s confidence nothing is concluded: {seen}."
    if overconfident(result.bias):
        return f"**The {model} is too sure of itself**: {seen}."
    if underconfident(result.bias):
        return f"**The {model} is not sure enough of itself**: {seen}."
    return f"**The {model}'s confidence is right on average**: {seen}."


def grid_sentence(model, rates, widths, losses, chosen):
    """What the learning-rate and width sweep shows. ``losses``: shape (rates, widths), NaN where a run diverged."""
    losses = np.asarray(losses, float)
    if not np.isfinite(losses).any():
        return f"Every training of the {model} in this search diverged."
    i, j = np.unravel_index(np.nanargmin(losses), losses.shape)
    lowest = losses[i, j]
    parts = [
        f"The lowest mean validation loss of the {model}, {decimal(lowest)}, is at learning rate "
        f"{scientific(rates[i])} and width {whole(widths[j])}."
    ]
    rate, width = chosen
    if (rate, width) == (rates[i], widths[j]):
        parts.append("That is the setting used throughout.")
    elif rate in rates and width in widths:
        here = losses[rates.index(rate), widths.index(width)]
        parts.append(f"The setting used throughout, {scientific(rate)} and {whole(width)}, has {decimal(here)}.")
    else:
        parts.append(f"The setting used throughout, {scientific(rate)} and {whole(width)}, is not in this small grid.")
    if rate in rates and len(widths) > 1 and np.isfinite(row := losses[rates.index(rate)]).all():
        parts.append(
            f"At learning rate {scientific(rate)} the losses of the widths {in_words(map(whole, widths))} differ by "
            f"{decimal(row.max() - row.min())} at most (means of few seeds, without intervals)."
        )
        others = {
            width: rates[int(np.nanargmin(column))]
            for width, column in zip(widths, losses.T, strict=True)
            if np.isfinite(column).any()
        }
        parts += [
            f"At width {whole(width)} the lowest of these means is at learning rate {scientific(best)}."
            for width, best in others.items()
            if best != rate
        ]
    failed = [scientific(r) for r, row in zip(rates, losses, strict=True) if not np.isfinite(row).all()]
    worst = np.where(np.isfinite(losses), losses, -np.inf).max(axis=1)
    bad = [scientific(r) for r, w in zip(rates, worst, strict=True) if w > 1.5 * lowest and scientific(r) not in failed]
    if bad:
        parts.append(f"A learning rate of {in_words(bad)} fails: there the loss is more than half as large again.")
    if failed:
        parts.append(f"At {in_words(failed)} a training diverged.")
    return " ".join(parts)


AGREEMENT = 0.002
"""Nats by which the engine's loss and that of `fit` may differ: they round differently, step after step."""


def agreement_sentence(description, kept, again):
    """Does a training with `fit` find the loss that was kept? ``kept`` and ``again`` are validation losses."""
    if abs(again - kept) < AGREEMENT:
        return (
            f"While this notebook was executed, `fit` trained one of these runs again ({description}): its validation "
            f"loss and the kept one, {decimal(kept)}, differ by less than {decimal(AGREEMENT)}."
        )
    return (
        f"**The engine and `fit` do not agree here**: one of these runs ({description}), trained again by `fit` while "
        f"this notebook was executed, has the validation loss {decimal(again)}, and the kept one is {decimal(kept)}."
    )


def precision_sentence(model, size, difference):
    """Does bfloat16 change anything? ``difference``: native minus float32 validation loss, paired by seed."""
    seen = f"{model} at {whole(size)} examples: {with_limits(difference, digits=4)}"
    if not_distinguishable(difference):
        return f"{seen}, not distinguishable from zero"
    return f"{seen}, {'clearly different from zero' if difference.known else 'without an interval'}"


def budget_sentence(profile, trainings, kept):
    """Which budget the numbers of this notebook come from."""
    scope = (
        f"{len(profile.seeds)} seeds ({len(profile.comparison_seeds)} for the paired comparison, "
        f"{len(profile.few_seeds)} for the losses along a training, the reference line, λ ∝ 1/n and the test, "
        f"{len(profile.search_seeds)} for the search), up to {whole(max(profile.sizes))} training examples"
    )
    if kept:
        trial = "" if profile.name == "full" else " This is a trial budget: the numbers below are not final results."
        return f"**Budget: {profile.name}.** {whole(trainings)} trainings, run beforehand and kept: {scope}.{trial}"
    return (
        f"**Budget: {profile.name}, smaller than that of the report.** Every training runs here, with plain `fit`: "
        f"{scope}. Numbers and conclusions may differ from those of the report, which took more data, seeds and steps."
    )


PURPOSES = {
    "learning rate": "learning rate and width",
    "fit": "is the model large enough to overfit?",
    "regularisation": "λ and dropout rate",
    "baseline": "reference line: softmax regression",
    "learning curves": "effect of training-set size",
    "scaled curves": "λ ∝ 1/n against fixed λ",
    "comparison": "which model is better",
    "precision": "does bfloat16 arithmetic change anything?",
}


def ledger(stages, choices):
    """Everything that was decided on the validation set, as rows (number, purpose, trainings, choice).

    Parameters
    ----------
    stages : mapping of stage to mapping of purpose to runs
    choices : mapping of purpose to text
        What was chosen.
    """
    rows, seen = [], set()
    for purposes in stages.values():
        for purpose, runs in purposes.items():
            if not runs:
                continue
            new = set(runs) - seen
            seen |= new
            rows.append((len(rows) + 1, PURPOSES.get(purpose, purpose), len(new), choices.get(purpose, "none")))
    return rows


def readings_sentence(readings, choice):
    """Was the test set opened before, for another choice than this one?

    Parameters
    ----------
    readings : sequence of mappings
        The kept ledger: ``"profile"`` and ``"choice"`` of each reading, the first one first.
    choice : mapping of model to settings
        The choice that is shown here.
    """
    before = [reading for reading in readings if reading["choice"] != choice]
    if not before:
        return "The ledger that is kept with the results has no reading of this test set for another choice."
    others = "another choice" if len(before) == 1 else f"{len(before)} other choices"
    numbered = [
        f"{number}. {in_words(model.upper() + ' with λ = ' + scientific(s['l2']) for model, s in chosen.items())}, "
        f"{whole(max(s['examples'] for s in chosen.values()))} examples (profile {reading['profile']})"
        for number, reading in enumerate(readings, 1)
        for chosen in [reading["choice"]]
    ]
    return (
        f"**This test set was opened for {others} too.** Readings so far: "
        f"{'; '.join(numbered)}. Whoever has seen an earlier one may choose with it in mind, so what follows can be "
        "optimistic."
    )
