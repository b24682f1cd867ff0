-- The signs that a formula may hold: TeX's name, the character, its class in TeX's sense, and how it is spoken.
-- Classes: ord, op (large operator), bin, rel, open, close, punct. One line each, so that a missing sign is one line away.

local lines = [[
alpha α ord alpha
beta β ord beta
gamma γ ord gamma
delta δ ord delta
epsilon ϵ ord epsilon
varepsilon ε ord epsilon
zeta ζ ord zeta
eta η ord eta
theta θ ord theta
vartheta ϑ ord theta
iota ι ord iota
kappa κ ord kappa
varkappa ϰ ord kappa
lambda λ ord lambda
mu μ ord mu
nu ν ord nu
xi ξ ord xi
omicron ο ord omicron
pi π ord pi
varpi ϖ ord pi
rho ρ ord rho
varrho ϱ ord rho
sigma σ ord sigma
varsigma ς ord sigma
tau τ ord tau
upsilon υ ord upsilon
phi ϕ ord phi
varphi φ ord phi
chi χ ord chi
psi ψ ord psi
omega ω ord omega
digamma ϝ ord digamma
Gamma Γ ord capital gamma
Delta Δ ord capital delta
Theta Θ ord capital theta
Lambda Λ ord capital lambda
Xi Ξ ord capital xi
Pi Π ord capital pi
Sigma Σ ord capital sigma
Upsilon Υ ord capital upsilon
Phi Φ ord capital phi
Psi Ψ ord capital psi
Omega Ω ord capital omega
aleph ℵ ord aleph
beth ℶ ord beth
hbar ℏ ord h bar
ell ℓ ord l
imath ı ord i
jmath ȷ ord j
wp ℘ ord Weierstrass p
Re ℜ ord the real part
Im ℑ ord the imaginary part
partial ∂ ord partial
nabla ∇ ord nabla
infty ∞ ord infinity
emptyset ∅ ord the empty set
varnothing ∅ ord the empty set
forall ∀ ord for all
exists ∃ ord there exists
nexists ∄ ord there does not exist
neg ¬ ord not
lnot ¬ ord not
top ⊤ ord top
bot ⊥ ord bottom
angle ∠ ord angle
triangle △ ord triangle
square □ ord square
Box □ ord square
blacksquare ■ ord black square
diamondsuit ♢ ord diamond
prime ′ ord prime
backprime ‵ ord reversed prime
dagger † bin dagger
ddagger ‡ bin double dagger
ldots … ord dots
dots … ord dots
dotsc … ord dots
dotso … ord dots
cdots ⋯ ord dots
dotsb ⋯ ord dots
dotsm ⋯ ord dots
dotsi ⋯ ord dots
vdots ⋮ ord vertical dots
ddots ⋱ ord diagonal dots
degree ° ord degrees
pounds £ ord pounds
checkmark ✓ ord tick
complement ∁ ord complement
surd √ ord root
sum ∑ op sum
prod ∏ op product
coprod ∐ op coproduct
int ∫ op integral
iint ∬ op double integral
iiint ∭ op triple integral
oint ∮ op contour integral
bigcup ⋃ op union
bigcap ⋂ op intersection
bigvee ⋁ op disjunction
bigwedge ⋀ op conjunction
bigoplus ⨁ op direct sum
bigotimes ⨂ op tensor product
bigodot ⨀ op elementwise product
biguplus ⨄ op disjoint union
bigsqcup ⨆ op square union
pm ± bin plus or minus
mp ∓ bin minus or plus
times × bin times
div ÷ bin divided by
cdot ⋅ bin times
ast ∗ bin star
star ⋆ bin star
circ ∘ bin circle
bullet ∙ bin bullet
cup ∪ bin union
cap ∩ bin intersection
uplus ⊎ bin disjoint union
sqcup ⊔ bin square cup
sqcap ⊓ bin square cap
vee ∨ bin or
lor ∨ bin or
wedge ∧ bin and
land ∧ bin and
setminus ∖ bin without
smallsetminus ∖ bin without
oplus ⊕ bin circled plus
ominus ⊖ bin circled minus
otimes ⊗ bin tensor
oslash ⊘ bin circled slash
odot ⊙ bin elementwise times
boxtimes ⊠ bin boxed times
boxplus ⊞ bin boxed plus
ltimes ⋉ bin left semidirect product
rtimes ⋊ bin right semidirect product
wr ≀ bin wreath product
amalg ⨿ bin amalgamation
diamond ⋄ bin diamond
triangleleft ◁ bin left triangle
triangleright ▷ bin right triangle
le ≤ rel is less than or equal to
leq ≤ rel is less than or equal to
leqslant ⩽ rel is less than or equal to
ge ≥ rel is greater than or equal to
geq ≥ rel is greater than or equal to
geqslant ⩾ rel is greater than or equal to
lt < rel is less than
gt > rel is greater than
ne ≠ rel is not equal to
neq ≠ rel is not equal to
ll ≪ rel is much less than
gg ≫ rel is much greater than
lesssim ≲ rel is less than or about
gtrsim ≳ rel is greater than or about
equiv ≡ rel is equivalent to
approx ≈ rel is approximately
approxeq ≊ rel is approximately equal to
sim ∼ rel is distributed as
simeq ≃ rel is asymptotically equal to
cong ≅ rel is congruent to
propto ∝ rel is proportional to
varpropto ∝ rel is proportional to
doteq ≐ rel approaches
triangleq ≜ rel is defined as
coloneqq ≔ rel is defined as
coloneq ≔ rel is defined as
eqqcolon ≕ rel defines
in ∈ rel in
notin ∉ rel not in
ni ∋ rel contains
subset ⊂ rel is a subset of
supset ⊃ rel is a superset of
subseteq ⊆ rel is a subset of or equal to
supseteq ⊇ rel is a superset of or equal to
subsetneq ⊊ rel is a proper subset of
supsetneq ⊋ rel is a proper superset of
nsubseteq ⊈ rel is not a subset of
nsupseteq ⊉ rel is not a superset of
sqsubseteq ⊑ rel square subset
sqsupseteq ⊒ rel square superset
mid ∣ rel given
nmid ∤ rel does not divide
parallel ∥ rel is parallel to
nparallel ∦ rel is not parallel to
perp ⟂ rel is perpendicular to
vdash ⊢ rel proves
dashv ⊣ rel reversed turnstile
models ⊧ rel models
vDash ⊨ rel satisfies
prec ≺ rel precedes
succ ≻ rel succeeds
preceq ⪯ rel precedes or equals
succeq ⪰ rel succeeds or equals
asymp ≍ rel is asymptotic to
bowtie ⋈ rel bow tie
therefore ∴ rel therefore
because ∵ rel because
nless ≮ rel is not less than
ngtr ≯ rel is not greater than
nleq ≰ rel is not less than or equal to
ngeq ≱ rel is not greater than or equal to
to → rel tends to
rightarrow → rel tends to
longrightarrow ⟶ rel tends to
gets ← rel becomes
leftarrow ← rel becomes
longleftarrow ⟵ rel becomes
leftrightarrow ↔ rel corresponds to
longleftrightarrow ⟷ rel corresponds to
Rightarrow ⇒ rel implies
implies ⟹ rel implies
Longrightarrow ⟹ rel implies
Leftarrow ⇐ rel is implied by
impliedby ⟸ rel is implied by
Longleftarrow ⟸ rel is implied by
Leftrightarrow ⇔ rel if and only if
iff ⟺ rel if and only if
Longleftrightarrow ⟺ rel if and only if
mapsto ↦ rel maps to
longmapsto ⟼ rel maps to
hookrightarrow ↪ rel embeds in
hookleftarrow ↩ rel contains
uparrow ↑ rel up arrow
downarrow ↓ rel down arrow
updownarrow ↕ rel up down arrow
Uparrow ⇑ rel double up arrow
Downarrow ⇓ rel double down arrow
nearrow ↗ rel rising arrow
searrow ↘ rel falling arrow
swarrow ↙ rel arrow to the lower left
nwarrow ↖ rel arrow to the upper left
rightharpoonup ⇀ rel right harpoon
leftharpoonup ↼ rel left harpoon
rightleftharpoons ⇌ rel is in equilibrium with
leadsto ⇝ rel leads to
rightsquigarrow ⇝ rel leads to
twoheadrightarrow ↠ rel maps onto
colon : punct colon
langle ⟨ open open angle bracket
rangle ⟩ close close angle bracket
lfloor ⌊ open the floor of
rfloor ⌋ close end floor
lceil ⌈ open the ceiling of
rceil ⌉ close end ceiling
lbrace { open open brace
rbrace } close close brace
lbrack [ open open square bracket
rbrack ] close close square bracket
lvert | open bar
rvert | close bar
lVert ‖ open double bar
rVert ‖ close double bar
vert | ord bar
Vert ‖ ord double bar
backslash ∖ ord without
]]

local M = {named = {}, char = {}}

for name, char, class, words in lines:gmatch("(%S+) (%S+) (%S+) ([^\n]+)\n") do
  local symbol = {k = "sym", ch = char, cls = class, say = words, name = name}
  M.named[name] = symbol
  if not M.char[char] then M.char[char] = symbol end
end

-- Characters that are written as themselves.
for char, class, words in ([[
+ bin plus
− bin minus
= rel equals
< rel is less than
> rel is greater than
! close factorial
? close ?
/ ord over
. ord .
% ord percent
# ord number
$ ord dollars
& ord and
_ ord underscore
@ ord at
( open open bracket
) close close bracket
[ open open square bracket
] close close square bracket
{ open open brace
} close close brace
| ord bar
‖ ord double bar
: rel colon
; punct ;
, punct ,
· bin times
≔ rel is defined as
∥ ord double bar
]]):gmatch("(%S+) (%S+) ([^\n]+)\n") do
  M.char[char] = {k = "sym", ch = char, cls = class, say = words}
end
M.char["-"] = M.char["−"]
M.char["*"] = M.named.ast

-- \not followed by one of these is one sign.
M.negated = {
  ["="] = "≠", ["∈"] = "∉", ["<"] = "≮", [">"] = "≯", ["≤"] = "≰", ["≥"] = "≱", ["⊂"] = "⊄", ["⊃"] = "⊅",
  ["⊆"] = "⊈", ["⊇"] = "⊉", ["≡"] = "≢", ["∼"] = "≁", ["≈"] = "≉", ["≃"] = "≄", ["≅"] = "≇", ["∃"] = "∄",
  ["∣"] = "∤", ["∥"] = "∦", ["→"] = "↛", ["⇒"] = "⇏",
}

-- Named functions: how they are printed, whether a subscript stands below them, how they are spoken.
M.functions = {
  sin = {"sin", false, "sine"}, cos = {"cos", false, "cosine"}, tan = {"tan", false, "tangent"},
  cot = {"cot", false, "cotangent"}, sec = {"sec", false, "secant"}, csc = {"csc", false, "cosecant"},
  sinh = {"sinh", false, "hyperbolic sine"}, cosh = {"cosh", false, "hyperbolic cosine"},
  tanh = {"tanh", false, "hyperbolic tangent"}, coth = {"coth", false, "hyperbolic cotangent"},
  arcsin = {"arcsin", false, "arc sine"}, arccos = {"arccos", false, "arc cosine"},
  arctan = {"arctan", false, "arc tangent"}, arg = {"arg", false, "arg"}, deg = {"deg", false, "degree"},
  dim = {"dim", false, "dimension"}, exp = {"exp", false, "exponential"}, hom = {"hom", false, "hom"},
  ker = {"ker", false, "kernel"}, lg = {"lg", false, "log"}, ln = {"ln", false, "natural log"},
  log = {"log", false, "log"}, det = {"det", true, "determinant"}, gcd = {"gcd", true, "greatest common divisor"},
  inf = {"inf", true, "infimum"}, sup = {"sup", true, "supremum"}, lim = {"lim", true, "limit"},
  liminf = {"lim inf", true, "limit inferior"}, limsup = {"lim sup", true, "limit superior"},
  max = {"max", true, "maximum"}, min = {"min", true, "minimum"}, Pr = {"Pr", true, "probability"},
}

-- Spoken names of functions that \operatorname and \mathrm print, where the letters alone would be misread.
M.spoken_names = {
  atan = "arc tangent", asin = "arc sine", acos = "arc cosine", atanh = "inverse hyperbolic tangent",
  asinh = "inverse hyperbolic sine", acosh = "inverse hyperbolic cosine", sgn = "sign", diag = "diagonal",
  softmax = "soft max", relu = "ReLU", argmax = "arg max", argmin = "arg min", tr = "trace", cov = "covariance",
  var = "variance", sech = "hyperbolic secant", csch = "hyperbolic cosecant", erf = "error function",
}

return M
