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
  ordinals = {st = "st", nd = "nd", rd = "rd", th = "th"},
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
  negated = "not {1}", negated_relation = {"^is ", "is not "}, tagged = ", tagged {1}",
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
    ["|⟩"] = "ket {1}", ["⟨|"] = "bra {1}",
  },
  long_enclosed = {
    ["||"] = "the absolute value of {1}, end absolute value,", ["‖‖"] = "the norm of {1}, end norm,", ["⌊⌋"] = "the floor of {1}, end floor,",
    ["⌈⌉"] = "the ceiling of {1}, end ceiling,", ["|⟩"] = "ket {1}, end ket,", ["⟨|"] = "bra {1}, end bra,",
  },
  of = "of {1}", long_of = {["("] = "of {1}, close bracket,", ["["] = "of {1}, close square bracket,", ["{"] = "of {1}, close brace,"},
  given = "given", such_that = "such that", bar = "bar", double_bar = "double bar", parallel = "is parallel to", evaluation_bar = "evaluation bar",
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
  crossed = "{1}, crossed out,", crossed_to = "{1}, crossed out and become {2},",
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

  -- Functions, by the name that is printed, where the letters alone would be misread.
  functions = {
    Pr = "probability", Res = "residue", Tr = "trace", acos = "arc cosine", acosh = "inverse hyperbolic cosine", arccos = "arc cosine",
    arccot = "arc cotangent", arccsc = "arc cosecant", arcctg = "arc cotangent", arcsec = "arc secant", arcsin = "arc sine", arctan = "arc tangent",
    arctg = "arc tangent", arg = "arg", ["arg max"] = "arg max", ["arg min"] = "arg min", argmax = "arg max", argmin = "arg min", asin = "arc sine",
    asinh = "inverse hyperbolic sine", atan = "arc tangent", atanh = "inverse hyperbolic tangent", ch = "hyperbolic cosine", cos = "cosine",
    cosec = "cosecant", cosh = "hyperbolic cosine", cot = "cotangent", cotg = "cotangent", coth = "hyperbolic cotangent", cov = "covariance",
    csc = "cosecant", csch = "hyperbolic cosecant", ctg = "cotangent", cth = "hyperbolic cotangent", deg = "degree", det = "determinant",
    diag = "diagonal", dim = "dimension", erf = "error function", exp = "exponential", gcd = "greatest common divisor", hom = "hom", inf = "infimum",
    ["inj lim"] = "direct limit", ker = "kernel", lg = "log", lim = "limit", ["lim inf"] = "limit inferior", ["lim sup"] = "limit superior",
    ln = "natural log", log = "log", max = "maximum", min = "minimum", mod = "modulo", plim = "probability limit", ["proj lim"] = "inverse limit",
    rank = "rank", relu = "ReLU", sec = "secant", sech = "hyperbolic secant", sgn = "sign", sh = "hyperbolic sine", sin = "sine",
    sinh = "hyperbolic sine", softmax = "soft max", sup = "supremum", tan = "tangent", tanh = "hyperbolic tangent", tg = "tangent",
    th = "hyperbolic tangent", tr = "trace", var = "variance",
  },

  -- Signs, by character, or by TeX's name where one character has two meanings; two blanks part them.
  signs = [[
    α alpha  β beta  γ gamma  δ delta  ϵ epsilon  ε epsilon  ζ zeta  η eta  θ theta  ϑ theta  ι iota  κ kappa  ϰ kappa  λ lambda  μ mu  ν nu  ξ xi
    ο omicron  π pi  ϖ pi  ρ rho  ϱ rho  σ sigma  ς sigma  τ tau  υ upsilon  ϕ phi  φ phi  χ chi  ψ psi  ω omega  ϝ digamma  Γ capital gamma
    Δ capital delta  Θ capital theta  Λ capital lambda  Ξ capital xi  Π capital pi  Σ capital sigma  Υ capital upsilon  Φ capital phi  Ψ capital psi
    Ω capital omega  ℵ aleph  ℶ beth  ℏ Planck h bar  ℓ l  ı i  ȷ j  ℘ Weierstrass p  ℜ the real part  ℑ the imaginary part  ∂ partial  ∇ nabla
    ∞ infinity  ∅ the empty set  ∀ for all  ∃ there exists  ∄ there does not exist  ¬ not  ⊤ top  ⊥ perp  ∠ angle  △ triangle  □ square
    ■ black square  ♢ diamond  ′ prime  ‵ reversed prime  † dagger sign  ‡ double dagger sign  … and so on  ⋯ and so on  ⋮ vertical dots
    ⋱ diagonal dots  ° degrees  £ pounds  ✓ tick  ∁ complement  √ root  ∑ sum  ∏ product  ∐ coproduct  ∫ integral  ∬ double integral
    ∭ triple integral  ∮ contour integral  ⋃ union  ⋂ intersection  ⋁ disjunction  ⋀ conjunction  ⨁ direct sum  ⨂ tensor product
    ⨀ elementwise product  ⨄ disjoint union  ⨆ square union  ± plus or minus  ∓ minus or plus  × times  ÷ divided by  ⋅ dot  ∗ asterisk  ⋆ star sign
    ∘ circle  ∙ bullet  ∪ union  ∩ intersection  ⊎ disjoint union  ⊔ square cup  ⊓ square cap  ∨ or  ∧ and  ∖ without  ⊕ circled plus  ⊖ circled minus
    ⊗ tensor  ⊘ circled slash  ⊙ elementwise times  ⊠ boxed times  ⊞ boxed plus  ⋉ left semidirect product  ⋊ right semidirect product
    ≀ wreath product  ⨿ amalgamation  ⋄ diamond  ◁ left triangle  ▷ right triangle  ≤ is less than or equal to  ⩽ is less than or equal to
    ≥ is greater than or equal to  ⩾ is greater than or equal to  < is less than  > is greater than  ≠ is not equal to  ≪ is much less than
    ≫ is much greater than  ≲ is less than or about  ≳ is greater than or about  ≡ is equivalent to  ≈ is approximately  ≊ is approximately equal to
    ∼ is distributed as  ≃ is asymptotically equal to  ≅ is congruent to  ∝ is proportional to  ≐ approaches  ≜ is defined as  ≔ is defined as
    ≕ defines  ∈ in  ∉ not in  ∋ contains  ⊂ is a subset of  ⊃ is a superset of  ⊆ is a subset of or equal to  ⊇ is a superset of or equal to
    ⊊ is a proper subset of  ⊋ is a proper superset of  ⊈ is not a subset of  ⊉ is not a superset of  ⊑ square subset  ⊒ square superset  ∣ given
    ∤ does not divide  ∥ is parallel to  ∦ is not parallel to  ⟂ is perpendicular to  ⊢ proves  ⊣ reversed turnstile  ⊧ models  ⊨ satisfies
    ≺ precedes  ≻ succeeds  ⪯ precedes or equals  ⪰ succeeds or equals  ≍ is asymptotic to  ⋈ bow tie  ∴ therefore  ∵ because  ≮ is not less than
    ≯ is not greater than  ≰ is not less than or equal to  ≱ is not greater than or equal to  → tends to  ⟶ tends to  ← becomes  ⟵ becomes
    ↔ corresponds to  ⟷ corresponds to  ⇒ implies  ⟹ implies  ⇐ is implied by  ⟸ is implied by  ⇔ if and only if  ⟺ if and only if  ↦ maps to
    ⟼ maps to  ↪ embeds in  ↩ contains  ↑ up arrow  ↓ down arrow  ↕ up down arrow  ⇑ double up arrow  ⇓ double down arrow  ↗ rising arrow
    ↘ falling arrow  ↙ arrow to the lower left  ↖ arrow to the upper left  ⇀ right harpoon  ↼ left harpoon  ⇌ is in equilibrium with  ⇝ leads to
    ↠ maps onto  : colon  ⟨ open angle bracket  ⟩ close angle bracket  ⌊ the floor of  ⌋ end floor  ⌈ the ceiling of  ⌉ end ceiling  { open brace
    } close brace  [ open square bracket  ] close square bracket  | bar  ‖ double bar  § section sign  ♭ flat  ♮ natural  ♯ sharp  ♣ clubs  ♡ hearts
    ♠ spades  ▽ down triangle  ◯ large circle  ⌣ smile  ⌢ frown  ↽ left harpoon down  ⇁ right harpoon down  ⨌ quadruple integral  ℷ gimel  ℸ daleth
    ▴ black triangle  ▿ down triangle  ▾ black down triangle  ◊ lozenge  ◇ large diamond  ⧫ black lozenge  Ⓢ circled capital S  ★ black star
    ∢ spherical angle  ∡ measured angle  ℧ mho  ð eth  Ⅎ turned capital F  ╱ rising diagonal  ⅁ turned capital G  ╲ falling diagonal  ¥ yen
    ® registered  ✠ Maltese cross  ∔ dot plus  ⋒ double intersection  ⋋ left semidirect times  ⋓ double union  ⋌ right semidirect times  ⊼ nand
    ⋏ curly and  ⊻ exclusive or  ⋎ curly or  ⩞ double barred and  ⊟ boxed minus  ⊝ circled dash  ⊛ circled star  ⊡ boxed dot  ⊚ circled ring
    ⋇ divided times  ⊺ intercal  ≦ is less than or equal to  ≧ is greater than or equal to  ⪕ is equal to or less than  ⪖ is equal to or greater than
    ⪅ is less than or approximately  ⪆ is greater than or approximately  ⋖ is less than with dot  ⋗ is greater than with dot  ⋘ is very much less than
    ⋙ is very much greater than  ≶ is less than or greater than  ≷ is greater than or less than  ⋚ is less than, equal to or greater than
    ⋛ is greater than, equal to or less than  ⪋ is less than, double equal to or greater than  ⪌ is greater than, double equal to or less than
    ≑ is geometrically equal to  ≖ ring in equals  ≓ is the image of or equal to  ≗ ring equals  ≒ is approximately equal to the image of
    ∽ reversed tilde  ⋍ reversed tilde equals  ⫅ is a subset of or equal to  ⫆ is a superset of or equal to  ⋐ is a double subset of
    ⋑ is a double superset of  ⊏ is a square subset of  ⊐ is a square superset of  ≼ precedes or equals  ≽ succeeds or equals  ⋞ equals or precedes
    ⋟ equals or succeeds  ≾ precedes or is about  ≿ succeeds or is about  ⪷ precedes or is approximately  ⪸ succeeds or is approximately
    ⊲ is a normal subgroup of  ⊳ contains as a normal subgroup  ⊴ is a normal subgroup of or equal to  ⊵ contains as a normal subgroup or equals
    ⊩ forces  ⊪ triple turnstile  ≏ bumpy equals  ≬ is between  ≎ double bumpy equals  ⋔ is transversal to  ϶ such that  ◂ black left triangle
    ▸ black right triangle  ≂ equals or is about  ▵ triangle  ⪇ is less than and not equal to  ⪈ is greater than and not equal to
    ≨ is less than and not equal to  ≩ is greater than and not equal to  ⋦ is less than and not about  ⋧ is greater than and not about
    ⪉ is less than and not approximately  ⪊ is greater than and not approximately  ⊀ does not precede  ⊁ does not succeed  ⋠ does not precede or equal
    ⋡ does not succeed or equal  ⪵ precedes and does not equal  ⪶ succeeds and does not equal  ⋨ precedes and is not about
    ⋩ succeeds and is not about  ⪹ precedes and is not approximately  ⪺ succeeds and is not approximately  ≁ is not about  ≇ is not congruent to
    ⊬ does not prove  ⊭ does not satisfy  ⊮ does not force  ⊯ negated double turnstile  ⋪ is not a normal subgroup of
    ⋫ does not contain as a normal subgroup  ⋬ is not a normal subgroup of or equal to  ⋭ does not contain as a normal subgroup or equal
    ⫋ is a proper subset of  ⫌ is a proper superset of  ⇇ two left arrows  ⇉ two right arrows  ⇆ left arrow over right arrow
    ⇄ right arrow over left arrow  ⇚ triple left arrow  ⇛ triple right arrow  ↞ two-headed left arrow  ↢ left arrow with tail  ↣ maps injectively to
    ↫ looped left arrow  ↬ looped right arrow  ⇋ left harpoon over right harpoon  ↶ curved left arrow  ↷ curved right arrow  ↺ anticlockwise arrow
    ↻ clockwise arrow  ↰ up arrow turning left  ↱ up arrow turning right  ⇈ two up arrows  ⇊ two down arrows  ↿ up harpoon left  ↾ restricted to
    ⇃ down harpoon left  ⊸ multimap  ⇂ down harpoon right  ↭ wavy two-way arrow  ⇢ dashed right arrow  ⇠ dashed left arrow  ↚ negated left arrow
    ↛ does not tend to  ⇍ is not implied by  ⇏ does not imply  ↮ does not correspond to  ⇎ is not equivalent to  ⎰ open moustache  ⎱ close moustache
    ⟮ open group  ⟯ close group  ⎪ brace bar  ⇕ double up down arrow  ⌜ open upper corner  ⌝ close upper corner  ⌞ open lower corner
    ⌟ close lower corner  ⨉ product  ⨅ square intersection  ∯ surface integral  ∰ volume integral  ⩴ is defined as  ∷ double colon  ∹ minus colon
    ⟦ open double bracket  ⟧ close double bracket  ⦃ open double brace  ⦄ close double brace  ⟪ open double angle bracket
    ⟫ close double angle bracket  ( open bracket  ) close bracket  ⫫ is independent of  ⊫ double turnstile  ≢ is not equivalent to
    ≉ is not approximately  ⊄ is not a subset of  ⊅ is not a superset of  ∌ does not contain  ↤ maps from  ⟻ maps from  ⤇ maps to  ⫽ double slash
    ⫴ parallel with  ⨾ then  ⋰ rising dots  Α capital alpha  Β capital beta  Ε capital epsilon  Ζ capital zeta  Η capital eta  Ι capital iota
    Κ capital kappa  Μ capital mu  Ν capital nu  Ο capital omicron  Ρ capital rho  Τ capital tau  Χ capital chi  ℝ the real numbers
    ℕ the natural numbers  ℂ the complex numbers  ℃ degrees Celsius  ‰ per thousand  µ micro  © copyright  ¶ paragraph sign  € euro  ~ tilde  ^ caret
    _ underscore  • bullet  $ dollars  ½ one half  ™ trade mark  ß sharp s  æ ae  Æ capital ae  œ oe  Œ capital oe  ø o with stroke
    Ø capital o with stroke  å a with ring  Å capital a with ring  ł l with stroke  Ł capital l with stroke  þ thorn  + plus  − minus  = equals
    ! factorial  ? question mark  / divided by  . point  % percent  # number  & and  @ at  ; semicolon  , comma  · dot  – dash  — dash
    shortmid divides  Join join  ohm ohm  textohm ohm  textless less than  textgreater greater than  textbackslash backslash  per per
  ]],
}
