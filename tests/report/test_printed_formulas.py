"""What the report prints in formulas is read back and true; a slip in any of them is found."""

from __future__ import annotations

import pytest
import yaml

from coursework.report import REPORT
from handin.errors import WorkError
from press.build import Builder
from press.formulas.checking import Checker
from press.keeping.kept import products
from press.prepare import Prepared, document_inputs
from press.project import Project

QUESTIONS = ("sec-q1", "sec-q2", "sec-q3", "sec-q4", "sec-q5")

UNREAD: dict[str, str] = {}
"""The relations of the report that are not evaluated, with the reason of each."""


@pytest.fixture(scope="module")
def report(built):
    """The chapters of questions 1 to 5 as they go to pandoc, and what checks them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSEWORK_PROFILE", "tiny")
        project = Project(built.root, REPORT)
        settings = project.settings()
        kept = products(project)
        values = kept.load("printed", kept.digest("printed"))
        assert values.keys() == set(QUESTIONS)
        variables = yaml.safe_load(project.variables_file.read_text(encoding="utf-8"))
        with Builder(project) as builder:
            prepared = Prepared(variables, document_inputs(project, settings), values)
            _, emitted, _ = builder.emitted(REPORT.document, prepared)
    texts = {label: next(t for t in emitted.chapters if f"{{#{label}}}" in t) for label in QUESTIONS}
    return texts, Checker(values)


@pytest.mark.parametrize("label", QUESTIONS)
def test_every_relation_is_read_or_known_not_to_be(report, label):
    texts, checker = report
    found = checker.verdicts(texts[label])
    assert [v for v in found if v.kind == "false"] == []
    assert [v.chain for v in found if v.kind == "exempt"] == []
    assert {v.chain for v in found if v.kind == "unread"} <= UNREAD.keys()
    assert sum(v.kind == "holds" for v in found) > 10


def test_the_list_of_what_is_not_read_is_no_longer_than_it_must_be(report):
    texts, checker = report
    kinds = {v.chain: v.kind for text in texts.values() for v in checker.verdicts(text)}
    assert {chain: kinds.get(chain) for chain in UNREAD} == dict.fromkeys(UNREAD, "unread")


def test_only_symbols_that_are_free_are_set_to_a_number(report):
    texts, checker = report
    supposed = {v.chain for text in texts.values() for v in checker.verdicts(text) if v.kind == "supposed"}
    assert supposed == {
        "z = 0", "z = 2", "z = 5", r"f_t \approx 1", r"f_t \approx 0", "f_t = 1",
    }  # fmt: skip


MUTATIONS = {
    "sec-q1": [
        (r"z = 3 \cdot 1 + (-1) \cdot 2 = 1", r"z = 3 \cdot 1 = 1"),
        (r"y = z = 1", r"y = z = 2"),
        (r"\mathrm{ReLU}'(z) = 1$", r"\mathrm{ReLU}'(z) = 0$"),
        (r"\partial y/\partial x_2 = w_2 = -1", r"\partial y/\partial x_2 = x_2 = 2"),
        (r"\partial y/\partial x_2 = w_2 = -1", r"\partial y/\partial x_2 = w_2 = 1"),
        (r"\partial y/\partial w_2 = x_2 = 2", r"\partial y/\partial w_2 = x_1 = 2"),
        (r"\partial y/\partial x_1 = w_1$", r"\partial y/\partial x_1 = w_2$"),
        (r"y = \sigma(1) \approx 0.7311", r"y = \sigma(1) \approx 0.7310"),
        (r"\sigma'(1) = \sigma(1)\,(1 - \sigma(1)) \approx", r"\sigma'(1) = \sigma(1)\,(1 + \sigma(1)) \approx"),
        (r"\sigma'(1)\, x_2 \approx 0.3932", r"\sigma'(1)\, w_2 \approx 0.3932"),
        (r"z = \sum_i w_i x_i + b", r"z = \sum_i w_i x_i - b"),
        (r"f'(z)\, w_i,", r"f'(z)\, x_i,"),
        (r"f'(z)\, \frac{\partial z}{\partial x_i}", r"f(z)\, \frac{\partial z}{\partial x_i}"),
        (r"f'(z)\, \frac{\partial z}{\partial w_i}", r"\frac{\partial z}{\partial w_i}"),
        (r"f(z) = \max(0, z)", r"f(z) = \max(1, z)"),
        (r"\begin{cases} 1 & \text{for}\: z > 0", r"\begin{cases} 1 & \text{for}\: z < 0"),
        (r"\\0 & \text{otherwise}", r"\\1 & \text{otherwise}"),
        (r"z &= w_1 x_1 + w_2 x_2", r"z &= w_1 x_1 - w_2 x_2"),
        (r"z &= w_1 x_1 + w_2 x_2", r"z &= w_1 + w_2 x_2"),
        (r"\mathrm{ReLU}'(z)\, w_{2} = 1 \cdot (-1)", r"\mathrm{ReLU}'(z)\, w_{1} = 1 \cdot (-1)"),
        (r"= 1 \cdot 2 = 2", r"= 1 \cdot 2 = 3"),
        (r"w_1\, \mathbf{1}[z > 0]", r"w_2\, \mathbf{1}[z > 0]"),
        (r"2 w_1\, \mathbf{1}[z + w_1 x_1 > 0]", r"w_1\, \mathbf{1}[z + w_1 x_1 > 0]"),
        (r"\mathbf{1}[z + w_1 x_1 > 0]", r"\mathbf{1}[z > 0]"),
        (r"\mathbf{1}[z + w_1 x_1 > 0]", r"\mathbf{1}[z + w_1 x_2 > 0]"),
        (r"\sigma(z) = 1 / (1 + e^{-z})", r"\sigma(z) = 1 / (1 + e^{z})"),
        (r"\left(1 + e^{- z}\right)^{2}", r"\left(1 + e^{- z}\right)"),
        (r"\sigma(z)\,(1 - \sigma(z))", r"\sigma(z)\,(1 - z)"),
    ],
    "sec-q2": [
        (r"(1-\rho)\, g_t^2", r"(1-\rho)\, g_t"),
        (r"\rho v_{t-1} + (1-\rho) g_t^2", r"(1-\rho) v_{t-1} + \rho g_t^2"),
        (r"\rho\, v_{t-1}", r"\rho\, v_t"),
        (r"\eta\, g_t / \sqrt{v_t + \varepsilon}", r"\eta\, g_t / (\sqrt{v_t} + \varepsilon)"),
        (r"\theta_t = \theta_{t-1} - \eta\, \frac{g_t}", r"\theta_t = \theta_{t-1} + \eta\, \frac{g_t}"),
        (r"\frac{g_t}{\sqrt{v_t + \varepsilon}}", r"\frac{g_t}{v_t + \varepsilon}"),
        (r"m_t = \beta_1 m_{t-1} + (1-\beta_1) g_t", r"m_t = \beta_2 m_{t-1} + (1-\beta_2) g_t"),
        (r"m_t &= \beta_1 m_{t-1} + (1-\beta_1)\, g_t", r"m_t &= \beta_1 m_{t-1} + \, g_t"),
        (r"v_t = \beta_2 v_{t-1} + (1-\beta_2)\, g_t^2", r"v_t = \beta_2 v_{t-1} - (1-\beta_2)\, g_t^2"),
        (r"m_0 = 0", r"m_0 = 1"),
        (r"\hat m_t = m_t/(1-\beta_1^t)", r"\hat m_t = m_t/(1-\beta_1)"),
        (r"\frac{v_t}{1-\beta_2^t}", r"\frac{v_t}{1-\beta_1^t}"),
        (r"{\sqrt{\hat v_t} + \varepsilon}", r"{\sqrt{\hat v_t + \varepsilon}}"),
        (r"\eta\, \hat m_t / (\sqrt{\hat v_t} + \varepsilon)", r"\eta\, m_t / (\sqrt{\hat v_t} + \varepsilon)"),
        (r"\eta\, \hat m_t / (\sqrt{\hat v_t} + \varepsilon)", r"\eta\, \hat m_t / (\sqrt{v_t} + \varepsilon)"),
        (r"(\sqrt{\hat v_t} + \varepsilon)", r"(\sqrt{\hat v_t} + \hat\varepsilon)"),
        (r"\eta\, g_t / \sqrt{v_t + \varepsilon}", r"\eta\, g_t / \sqrt{v_{t-1} + \varepsilon}"),
        (r"\beta_1^{t-i} g_i", r"\beta_1^{t} g_i"),
        (r"\sum_{i=1}^{t}", r"\sum_{i=2}^{t}"),
        (r"\mu \left(1 - \beta_{1}^{t}\right)", r"\mu \left(1 + \beta_{1}^{t}\right)"),
        (r"\beta_1 \mathrm{E}[m_{t-1}] + (1-\beta_1)\mu", r"\beta_1 \mathrm{E}[m_{t-1}] + \mu"),
        (r"\mu_\Delta \Delta_{t-1} + \eta\, g_t", r"\mu_\Delta \Delta_{t-1} - \eta\, g_t"),
        (r"\alpha_t\, m_t/(\sqrt{v_t} + \hat\varepsilon)", r"\alpha_t\, m_t/(\sqrt{v_t} + \varepsilon)"),
        (r"\eta \sqrt{1-\beta_2^t}/(1-\beta_1^t)", r"\eta \sqrt{1-\beta_1^t}/(1-\beta_2^t)"),
        (r"\hat\varepsilon = \varepsilon \sqrt{1-\beta_2^t}", r"\hat\varepsilon = \varepsilon / \sqrt{1-\beta_2^t}"),
        (r"$\theta_t = \theta_{t-1} - \Delta_t$", r"$\theta_t = \theta_{t-1} + \Delta_t$"),
        (r"\delta_\mathrm{RMSProp} = \eta/\sqrt{1-\rho}", r"\delta_\mathrm{RMSProp} = \eta/\sqrt{\rho}"),
        (r"\delta_\mathrm{RMSProp} = \eta/\sqrt{1-\rho}", r"\delta_\mathrm{RMSProp} = \eta/(1-\rho)"),
        (r"$\rho =$ 0.9", r"$\rho =$ 0.99"),
        (r"$\beta_1 =$ 0.9", r"$\beta_1 =$ 0.999"),
        (r"$\varepsilon =$ 10⁻⁷", r"$\varepsilon =$ 10⁻⁸"),
        (r"$\eta =$ 0.001", r"$\eta =$ 0.01"),
        (r"\delta_\mathrm{Adam} = \eta", r"\delta_\mathrm{RMSProp} = \eta"),
    ],
    "sec-q3": [
        (r"1 - \tanh^2 z = 1 - y^2$", r"1 + \tanh^2 z = 1 - y^2$"),
        (r"1 - \tanh^2 z = 1 - y^2.", r"1 + \tanh^2 z = 1 - y^2."),
        (r"1 - \tanh^2 z = 1 - y^2.", r"1 - \tanh^2 z = 1 - y."),
        (r"\tanh z = (e^{z} - e^{-z})/(e^{z} + e^{-z})", r"\tanh z = (e^{z} + e^{-z})/(e^{z} - e^{-z})"),
        (r"(e^{z} - e^{-z})/(e^{z} + e^{-z})", r"(e^{z} - e^{-z})/(e^{z} + e^{z})"),
        (r"1 - \tanh^2 z = 1 - y^2$", r"1 - \tanh z = 1 - y^2$"),
        (r"z = \sum_i w_i x_i + b", r"z = \sum_i w_i x_i - b"),
        (r"y = \max(0, z)", r"y = \max(0, -z)"),
        (r"y = \max(0, z)", r"y = \max(1, z)"),
        (r"y = \max(0, z)", r"y = z"),
        (r"\mathrm{d}y/\mathrm{d}z = 1$", r"\mathrm{d}y/\mathrm{d}z = 2$"),
        (r"\begin{cases} 1 & z > 0 \\ 0", r"\begin{cases} 0 & z > 0 \\ 1"),
        (r"\begin{cases} 1 & z > 0 \\ 0", r"\begin{cases} 1 & z > 0 \\ 1"),
        (r"\tanh(-z) = -\tanh z", r"\tanh(-z) = \tanh z"),
        (r"\tanh z \approx z", r"\tanh z \approx 2z"),
        (r"2\sigma(2z) - 1", r"2\sigma(z) - 1"),
        (r"s = e^{z} - e^{-z}", r"s = e^{z} + e^{-z}"),
        (r"s' = c", r"s' = s"),
        (r"\frac{s'c - s\,c'}{c^2}", r"\frac{s'c + s\,c'}{c^2}"),
        (r"\frac{c^2 - s^2}{c^2}", r"\frac{c^2 - s^2}{s^2}"),
        (r"\left(\frac{s}{c}\right)^2", r"\left(\frac{c}{s}\right)^2"),
    ],
    "sec-q4": [
        (r"+ 2 \lambda w_i =", r"+ \lambda w_i ="),
        (r"+ 0.002\, w_i", r"+ 0.001\, w_i"),
        (r"+ 2\lambda w_i,", r"+ \lambda w_i,"),
        (r"J = L + \lambda \lVert \mathbf{w} \rVert^2", r"J = L + \lambda \lVert \mathbf{w} \rVert"),
        (r"J = L + \lambda \sum_i w_i^2", r"J = L - \lambda \sum_i w_i^2"),
        (r"w_i - \eta\, \frac{\partial J}", r"w_i + \eta\, \frac{\partial J}"),
        (r"(1 - 2\eta\lambda)\, w_i", r"(1 - \eta\lambda)\, w_i"),
        (r"w_i - \eta\, \frac{\partial L}{\partial w_i}.", r"w_i - \eta\, \frac{\partial J}{\partial w_i}."),
        (r"r_i\, y_i/(1-p)", r"r_i\, y_i/p"),
        (r"(1-p)\, \frac{y_i}{1-p} = y_i", r"p\, \frac{y_i}{1-p} = y_i"),
        (r"\frac{p}{1-p}\, y_i^2.", r"\frac{1-p}{p}\, y_i^2."),
        (r"\frac{y_i^2}{1-p} - y_i^2", r"\frac{y_i^2}{1-p} + y_i^2"),
        (r"(1 - \eta\lambda')\, \theta_{t-1}", r"(1 + \eta\lambda')\, \theta_{t-1}"),
        (r"\hat m_t/(\sqrt{\hat v_t}+\varepsilon)", r"\hat m_t/\sqrt{\hat v_t+\varepsilon}"),
        (r"$\lambda =$ 0.001, **", r"$\lambda =$ 0.002, **"),
        (r"$2\lambda =$ 0.002", r"$2\lambda =$ 0.001"),
        (r"$\lambda =$ 0.001 times", r"$\lambda =$ 0.002 times"),
    ],
    "sec-q5": [
        (r"h_t &= \tanh(W_x\, x_t + W_h\, h_{t-1} + b)", r"h_t &= \tanh(W_x\, x_t + W_h\, h_t + b)"),
        (r"h_t &= \tanh(W_x\, x_t + W_h\, h_{t-1} + b)", r"h_t &= \tanh(W_h\, x_t + W_x\, h_{t-1} + b)"),
        (r"$h_t = \tanh(W_x\, x_t + W_h\, h_{t-1} + b)", r"$h_t = \sigma(W_x\, x_t + W_h\, h_{t-1} + b)"),
        (r"h_t &= \tanh(W_x\, x_t + W_h\, h_{t-1} + b)", r"h_t &= \tanh(W_x\, x_t + W_h\, h_{t-1} - b)"),
        (r"y_t &= W_y\, h_t + b_y", r"y_t &= W_y\, h_t + b"),
        (r"y_t &= W_y\, h_t + b_y", r"y_t &= W_y\, h_{t-1} + b_y"),
        (r"i_t &= \sigma(W_i\,[h_{t-1}, x_t] + b_i)", r"i_t &= \sigma(W_i\,[h_{t-1}, x_t] + b_f)"),
        (r"\tilde{c}_t &= \tanh(W_c\,[h_{t-1}, x_t] + b_c)", r"\tilde{c}_t &= \tanh(W_c\,[h_{t-1}, x_t])"),
        (r"o_t &= \sigma(W_o\,[h_{t-1}, x_t]", r"o_t &= \sigma(W_o\,[c_{t-1}, x_t]"),
        (r"i_t &= \sigma(W_i\,[h_{t-1}, x_t] + b_i)", r"i_t &= \sigma(W_o\,[h_{t-1}, x_t] + b_o)"),
        (r"f_t &= \sigma(W_f\,", r"f_t &= \tanh(W_f\,"),
        (r"o_t &= \sigma(W_o\,[h_{t-1}, x_t]", r"o_t &= \sigma(W_o\,[x_t, h_{t-1}]"),
        (r"\tilde{c}_t &= \tanh(W_c\,[h_{t-1}, x_t] + b_c)", r"\tilde{c}_t &= \tanh(W_c\,[h_{t-1}, x_t] + b_i)"),
        (r"c_t = f_t \odot c_{t-1} + i_t \odot \tilde{c}_t", r"c_t = i_t \odot c_{t-1} + f_t \odot \tilde{c}_t"),
        (r"c_t &= f_t \odot c_{t-1} + i_t", r"c_t &= f_t \odot c_{t-1} + o_t"),
        (r"h_t &= o_t \odot \tanh(c_t)", r"h_t &= o_t \odot \tanh(c_{t-1})"),
        (r"W_{kh}\, h_{t-1} + W_{kx}\, x_t", r"W_{kx}\, h_{t-1} + W_{kh}\, x_t"),
        (r"\operatorname{diag}\left(1 - h_t^2\right) W_h", r"\operatorname{diag}\left(1 - h_t\right) W_h"),
        (r"\prod_{t=T}^{1}", r"\prod_{t=T}^{2}"),
        (r"\operatorname{diag}(f_t \odot (1 - f_t)", r"\operatorname{diag}(f_t \odot (1 + f_t)"),
        (r"(1 - f_t) \odot c_{t-1})\, W_{fh}", r"(1 - f_t) \odot c_{t-1})\, W_{ih}"),
        (r"\odot \tilde{c}_t)\, W_{ih}", r"\odot c_t)\, W_{ih}"),
        (r"(1 - \tilde{c}_t^{2})", r"(1 - \tilde{c}_t)"),
        (r"\tanh(0) = 0", r"\tanh(0) = 1"),
        (r"h_0 = 0", r"h_0 = 1"),
        (r"\tanh' = 1 - \tanh^2", r"\tanh' = 1 + \tanh^2"),
        (r"\prod_t \operatorname{diag} f_t = ", r"\prod_t \operatorname{diag} f_t = 1 - "),
        (r"(1 - \tanh^{2}(c_t))", r"(1 - \tanh(c_t))"),
        (r"(1 - \tanh^{2}(c_t))", r"(1 - \tanh^{2}(c_{t-1}))"),
        (r"(1 - o_t) \odot \tanh(c_t))\, W_{oh}", r"(1 - o_t) \odot \tanh(c_t))\, W_{ih}"),
        (r"(1 - o_t) \odot \tanh(c_t))\, W_{oh}", r"(1 - o_t))\, W_{oh}"),
        (r"\operatorname{diag}(1 - h_t^2)\, W_h", r"\operatorname{diag}(1 + h_t^2)\, W_h"),
        (r"c_t/\partial c_{t-1} = \operatorname{diag} f_t", r"c_t/\partial c_{t-1} = \operatorname{diag} i_t"),
        (r"N_\mathrm{RNN} = n\,(n + d + 1)", r"N_\mathrm{RNN} = n\,(n + d)"),
        (r"N_\mathrm{LSTM} = 4\,n\,(n + d + 1)", r"N_\mathrm{LSTM} = 3\,n\,(n + d + 1)"),
        (r"N_\mathrm{RNN} = ", r"N_\mathrm{LSTM} = "),
        (r"\sigma(z) = 1 / (1 + e^{-z})", r"\sigma(z) = 1 / (1 - e^{-z})"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("label", "true", "false"), [(q, *pair) for q, pairs in MUTATIONS.items() for pair in pairs])
def test_a_slip_in_a_formula_stops_the_build(report, label, true, false):
    texts, checker = report
    assert true in texts[label], "the report no longer prints this: take another place for the slip"
    with pytest.raises(WorkError, match=f"^Question {label[-1]}: the printed relation"):
        checker.require([texts[label].replace(true, false, 1)])
