-- The English of spoken formulas. {1}, {2} … stand for what a phrase holds. Another language is another such file: its name
-- ends in the language's code (words-de.lua), and it holds every key of this one.
--
-- A phrase whose end can be mistaken says where it ends ("end sub"); speech.lua leaves that out where the part is a single
-- thing. A comma is a pause, never a word: two formulas that mean different things differ in words.

return {
  -- Letters and fonts
  capital = "capital {1}",
  bold = "bold {1}", bold_italic = "bold italic {1}", double_struck = "double-struck {1}", gothic = "Gothic {1}", script = "script {1}",
  formal_script = "formal script {1}", sans = "sans-serif {1}", typewriter = "typewriter {1}", upright = "upright {1}",
  number_sets = {
    R = "the real numbers", N = "the natural numbers", Z = "the integers", Q = "the rational numbers", C = "the complex numbers",
    E = "the expectation", P = "the probability", ["1"] = "the indicator",
  },
  blank = "blank",
  text_signs = {["\\"] = "backslash", ["{"] = "brace", ["}"] = "brace", ["$"] = "dollars", ["^"] = "caret", ["_"] = "underscore", ["′"] = "minutes", ["″"] = "seconds", ["°"] = "degrees"},

  -- Fractions
  parts_of_one = {["1/2"] = "one half", ["1/3"] = "one third", ["2/3"] = "two thirds", ["1/4"] = "one quarter", ["3/4"] = "three quarters"},
  over = "{1} over {2}",
  fraction = "the fraction {1} over {2}, end fraction,",
  fraction_of_fractions = "the fraction {1} all over {2}, end fraction,",
  derivative = "{1} by {2}",
  long_derivative = "the derivative {1} by {2}, end derivative,",
  choose = "{1} choose {2}",
  binomial = "the binomial {1} choose {2}, end binomial,",

  -- Scripts
  sub = "sub {1}", long_sub = "sub {1}, end sub,", subscript = "subscript {1}",
  power = "to the power {1}", long_power = "to the power {1}, end power,",
  superscript = "superscript {1}", long_superscript = "superscript {1}, end superscript,", square_superscript = "superscript square bracket {1}",
  powers = {["2"] = "squared", ["3"] = "cubed"},
  inverse = "inverse", inverse_function = "inverse {1}",
  transpose = "transpose", capital_t = "superscript capital T",
  degrees = "degrees",
  primes = {"prime", "double prime", "triple prime"}, many_primes = "{1} primes",
  superscripts = {
    ["⊤"] = "transpose", ["⊺"] = "transpose", ["∗"] = "star", ["⋆"] = "star", ["†"] = "dagger", ["‡"] = "double dagger", ["+"] = "superscript plus",
    ["−"] = "superscript minus", ["±"] = "superscript plus or minus", ["∘"] = "superscript circle", ["′"] = "prime", ["⟂"] = "superscript perp",
    ["⊥"] = "superscript perp", ["×"] = "superscript times",
  },
  subscripts = {["+"] = "subscript plus", ["−"] = "subscript minus", ["±"] = "subscript plus or minus", ["⟂"] = "sub perp", ["⊥"] = "sub perp",
    ["∗"] = "sub star", ["⋆"] = "sub star"},
  base_of_log = "{1} base {2} of", long_base_of_log = "{1} base {2}, end base, of",
  real_space = "real space of dimension {1}", long_real_space = "real space of dimension {1}, end dimension,",
  left_sub = "left sub {1}", left_superscript = "left superscript {1}", long_left_sub = "left sub {1}, end sub,",
  long_left_superscript = "left superscript {1}, end superscript,",
  quantity = "the quantity {1}, all,",

  -- Operators with a range
  sum = "the {1} of", sum_over = "the {1} over {2} of", sum_as = "the {1} as {2} of", sum_to = "the {1} to {2} of", sum_from = "the {1} from {2} to {3} of",
  of_at_end = "^(.*) of$",
  long_range = "{1}, end range,", end_range = "%1, end range,", of_inside = " of ", over_inside = " over ", is = " is ",
  limit = "limit", expectation = "expectation",
  -- Names whose index is a range, however they are written.
  ranging = {
    max = "maximum", min = "minimum", argmax = "arg max", argmin = "arg min", ["arg max"] = "arg max", ["arg min"] = "arg min", ["arg\u{2009}max"] = "arg max",
    ["arg\u{2009}min"] = "arg min", sup = "supremum", inf = "infimum", lim = "limit",
  },
  functions = {}, negated = "not {1}", tagged = ", tagged {1}",
  run = "from {1} to {2}", long_run = "from {1} to {2}, end range,",

  -- Brackets and arguments
  opened = {
    ["("] = "open bracket", ["["] = "open square bracket", ["{"] = "open brace", ["⟨"] = "open angle bracket", ["⌊"] = "open floor",
    ["⌈"] = "open ceiling", ["|"] = "bar", ["‖"] = "double bar", ["/"] = "slash", ["\\"] = "backslash", ["⟮"] = "open group", ["↑"] = "up arrow",
    ["↓"] = "down arrow", ["↕"] = "up down arrow", [")"] = "close bracket", ["]"] = "close square bracket", ["}"] = "close brace",
    ["⟩"] = "close angle bracket", ["⌋"] = "close floor", ["⌉"] = "close ceiling", ["⟯"] = "close group",
  },
  enclosed = {
    ["||"] = "the absolute value of {1}", ["‖‖"] = "the norm of {1}", ["⌊⌋"] = "the floor of {1}", ["⌈⌉"] = "the ceiling of {1}",
  },
  long_enclosed = {
    ["||"] = "the absolute value of {1}, end absolute value,", ["‖‖"] = "the norm of {1}, end norm,", ["⌊⌋"] = "the floor of {1}, end floor,",
    ["⌈⌉"] = "the ceiling of {1}, end ceiling,",
  },
  of = "of {1}", long_of = {["("] = "of {1}, close bracket,", ["["] = "of {1}, close square bracket,", ["{"] = "of {1}, close brace,"},
  given = "given", such_that = "such that", double_bar = "double bar", parallel = "is parallel to", evaluation_bar = "evaluation bar",
  evaluated_at = ", evaluated at {1}, end evaluation,", evaluated_from = ", evaluated from {1} to {2}, end evaluation,",
  long_evaluated = "the quantity {1}, all",
  system = "the system: {1}", determinant = "the determinant of {1}",

  -- Roots, accents, braces, things above and below
  square_root = "the square root of {1}", cube_root = "the cube root of {1}", root = "the root of order {2} of {1}",
  long_root = "{1}, end root,", order = "{1}, end order,",
  vector = "vector {1}", long_vector = "the vector {1}, end vector,",
  accented = "{1} {2}", long_accented = "the quantity {1}, all {2},",
  accents = {
    hat = "hat", widehat = "hat", tilde = "tilde", widetilde = "tilde", bar = "bar", overline = "bar", dot = "dot", ddot = "double dot",
    dddot = "triple dot", check = "check", widecheck = "check", breve = "breve", acute = "acute", grave = "grave", mathring = "ring",
    underline = "underlined", overrightarrow = "with a right arrow above", overleftarrow = "with a left arrow above",
    overleftrightarrow = "with a two-way arrow above", underrightarrow = "with a right arrow below", underleftarrow = "with a left arrow below",
  },
  braced = "{1}, braced,", braced_as = "{1}, braced as {2},", long_braced_as = "{1}, braced as {2}, end brace,", all = "the quantity {1}, all",
  above = "with {1} above,", below = "with {1} below,", tilde = "tilde",
  crossed = "{1}, crossed out,",
  arrows = {
    ["→"] = "right arrow", ["←"] = "left arrow", ["↔"] = "two-way arrow", ["⇒"] = "double right arrow", ["⇐"] = "double left arrow",
    ["↦"] = "maps to", ["="] = "equals",
  },
  labelled = "labelled {1},", long_labelled = "labelled {1}, end label,",

  -- Tables
  row = "row {1}, {2}", column = "column {1}, {2}", line = "line {1}: {2}", cell = "blank", join_lines = " and ",
  one_by_one = "the 1 by 1 {1} {2}", matrix = "the {2} by {3} {1}: {4}; end {1}",
  tables = {matrix = "matrix", array = "array"}, matrices = {vmatrix = "the determinant of {1}", Vmatrix = "the norm of {1}"},
  one_case = "1 case: {2}; end cases", cases = "{1} cases: {2}; end cases", case = "case {1}, {2}", condition = "if {1}",
  conditions = {"if", "for", "otherwise", "else", "when", "where", "with", "in", "and", "on", "as"},
  cell_dots = "dots",

  -- What neighbours tell
  by = "by", times = "times", cross = "cross", to = "to", defined_as = "is defined as", exclamation = "exclamation mark", tilde_sign = "tilde",
  and_so_on_to = "and so on up to",
  arg = {max = "arg max", min = "arg min", sup = "arg sup", inf = "arg inf"},
  -- Left out where a formula ends with it.
  ends = {"end fraction", "end derivative", "end binomial", "end evaluation", "end cases", "end matrix", "end array"},

  -- Signs whose words differ from those of symbols.lua
  signs = {
    [","] = "comma", [";"] = "semicolon", ["."] = "point", ["?"] = "question mark", ["/"] = "divided by", ["⋅"] = "dot", ["·"] = "dot",
    ["∗"] = "asterisk", ["⋆"] = "star sign", ["†"] = "dagger sign", ["‡"] = "double dagger sign", ["…"] = "and so on", ["⋯"] = "and so on",
    ["ℏ"] = "Planck h bar", ["∼"] = "is distributed as", [":"] = "colon", ["⊥"] = "perp", ["–"] = "dash", ["—"] = "dash",
  },
}
