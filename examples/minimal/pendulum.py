"""The period of a pendulum that swings far: a series from SymPy, checked against mpmath's elliptic integral."""

import mpmath
import sympy as sp

from press.report import Document, Product, Report

AMPLITUDE = sp.Symbol("theta", positive=True)
REPORT = Report(
    document=Document("paper.qmd", products=("largest_error",)),
    title="The period of a pendulum.",
    products=(Product("largest_error", "pendulum:check", "Checking the series", packages=("sympy", "mpmath")),),
    variables="pendulum:values",
)


def period() -> sp.Expr:
    """Return T/T₀ up to the second power of the amplitude (in rad)."""
    k, phi = sp.symbols("k phi", positive=True)
    integrand = sp.series(1 / sp.sqrt(1 - k**2 * sp.sin(phi) ** 2), k, 0, 4).removeO()
    whole = 2 / sp.pi * sp.integrate(integrand, (phi, 0, sp.pi / 2))
    return sp.series(whole.subs(k, sp.sin(AMPLITUDE / 2)), AMPLITUDE, 0, 3).removeO()


def check(settings: object) -> float:
    """Compare the series with the exact period, and return the largest error up to 30 degrees."""
    angles = [mpmath.pi * degrees / 180 for degrees in range(1, 31)]
    exact = [2 / mpmath.pi * mpmath.ellipk(mpmath.sin(angle / 2) ** 2) for angle in angles]
    errors = [abs(period().subs(AMPLITUDE, angle) - value) for angle, value in zip(angles, exact, strict=True)]
    assert max(errors) < angles[-1] ** 4 / 200, "The series does not give the exact period."
    return float(max(errors))


def values(project: object, settings: object, products: dict) -> dict[str, dict[str, str]]:
    """Return the numbers of the prose."""
    return {"pendulum": {"largest_error": f"{100 * products['largest_error']:.2f}\N{NO-BREAK SPACE}%"}}
