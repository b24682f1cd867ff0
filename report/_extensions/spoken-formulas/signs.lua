-- The signs that a formula may hold: TeX's names, the character, its class in TeX's sense, and how it is spoken.
-- Classes: ord, op (large operator), bin, rel, open, close, punct, inner. A missing sign is one line away.

return [[
alpha α ord alpha
beta β ord beta
gamma γ ord gamma
delta δ ord delta
epsilon ϵ ord epsilon
varepsilon ε ord epsilon
zeta ζ ord zeta
eta η ord eta
theta θ ord theta
vartheta,thetasym ϑ ord theta
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
aleph,alef,alefsym ℵ ord aleph
beth ℶ ord beth
hbar,hslash ℏ ord h bar
ell ℓ ord l
imath,i ı ord i
jmath,j ȷ ord j
wp,weierp ℘ ord Weierstrass p
Re,real ℜ ord the real part
Im,imaginary ℑ ord the imaginary part
partial ∂ ord partial
nabla ∇ ord nabla
infty,infin ∞ ord infinity
emptyset,varnothing ∅ ord the empty set
forall ∀ ord for all
exists,exist ∃ ord there exists
nexists ∄ ord there does not exist
neg,lnot ¬ ord not
top ⊤ ord top
bot ⊥ ord bottom
angle ∠ ord angle
triangle △ ord triangle
square,Box □ ord square
blacksquare ■ ord black square
diamondsuit ♢ ord diamond
prime ′ ord prime
backprime ‵ ord reversed prime
dagger † bin dagger
ddagger ‡ bin double dagger
ldots,dots,dotsc,dotso,hdots,mathellipsis,textellipsis … inner dots
cdots,dotsb,dotsm,dotsi ⋯ inner dots
vdots ⋮ ord vertical dots
ddots ⋱ inner diagonal dots
degree,textdegree ° ord degrees
pounds,textsterling £ ord pounds
checkmark ✓ ord tick
complement ∁ ord complement
surd √ ord root
sum ∑ op sum
prod ∏ op product
coprod ∐ op coproduct
int,intop,smallint ∫ op integral
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
div,divsymbol ÷ bin divided by
cdot,centerdot,sdot ⋅ bin times
ast ∗ bin star
star ⋆ bin star
circ ∘ bin circle
bullet,bull ∙ bin bullet
cup ∪ bin union
cap ∩ bin intersection
uplus ⊎ bin disjoint union
sqcup ⊔ bin square cup
sqcap ⊓ bin square cap
vee,lor ∨ bin or
wedge,land ∧ bin and
setminus,smallsetminus ∖ bin without
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
le,leq ≤ rel is less than or equal to
leqslant ⩽ rel is less than or equal to
ge,geq ≥ rel is greater than or equal to
geqslant ⩾ rel is greater than or equal to
lt < rel is less than
gt > rel is greater than
ne,neq ≠ rel is not equal to
ll ≪ rel is much less than
gg ≫ rel is much greater than
lesssim ≲ rel is less than or about
gtrsim ≳ rel is greater than or about
equiv ≡ rel is equivalent to
approx,thickapprox ≈ rel is approximately
approxeq ≊ rel is approximately equal to
sim,thicksim ∼ rel is distributed as
simeq ≃ rel is asymptotically equal to
cong ≅ rel is congruent to
propto,varpropto ∝ rel is proportional to
doteq ≐ rel approaches
triangleq ≜ rel is defined as
coloneqq,coloneq,colonequals ≔ rel is defined as
eqqcolon,equalscolon ≕ rel defines
in,isin ∈ rel in
notin ∉ rel not in
ni,owns ∋ rel contains
subset ⊂ rel is a subset of
supset ⊃ rel is a superset of
subseteq,sube ⊆ rel is a subset of or equal to
supseteq,supe ⊇ rel is a superset of or equal to
subsetneq,varsubsetneq ⊊ rel is a proper subset of
supsetneq,varsupsetneq ⊋ rel is a proper superset of
nsubseteq,nsubseteqq ⊈ rel is not a subset of
nsupseteq,nsupseteqq ⊉ rel is not a superset of
sqsubseteq ⊑ rel square subset
sqsupseteq ⊒ rel square superset
mid ∣ rel given
nmid,nshortmid ∤ rel does not divide
parallel,shortparallel ∥ rel is parallel to
nparallel,nshortparallel ∦ rel is not parallel to
perp ⟂ rel is perpendicular to
vdash ⊢ rel proves
dashv ⊣ rel reversed turnstile
models ⊧ rel models
vDash,upmodels ⊨ rel satisfies
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
nleq,nleqslant,nleqq ≰ rel is not less than or equal to
ngeq,ngeqslant,ngeqq ≱ rel is not greater than or equal to
to,rightarrow,rarr → rel tends to
longrightarrow ⟶ rel tends to
gets,leftarrow,larr ← rel becomes
longleftarrow ⟵ rel becomes
leftrightarrow,lrarr,harr ↔ rel corresponds to
longleftrightarrow ⟷ rel corresponds to
Rightarrow,rArr,Rarr ⇒ rel implies
implies,Longrightarrow ⟹ rel implies
Leftarrow,lArr ⇐ rel is implied by
impliedby,Longleftarrow ⟸ rel is implied by
Leftrightarrow,hArr,lrArr ⇔ rel if and only if
iff,Longleftrightarrow ⟺ rel if and only if
mapsto ↦ rel maps to
longmapsto ⟼ rel maps to
hookrightarrow ↪ rel embeds in
hookleftarrow ↩ rel contains
uparrow,uarr ↑ rel up arrow
downarrow,darr ↓ rel down arrow
updownarrow ↕ rel up down arrow
Uparrow ⇑ rel double up arrow
Downarrow ⇓ rel double down arrow
nearrow ↗ rel rising arrow
searrow ↘ rel falling arrow
swarrow ↙ rel arrow to the lower left
nwarrow ↖ rel arrow to the upper left
rightharpoonup ⇀ rel right harpoon
leftharpoonup ↼ rel left harpoon
rightleftharpoons,longrightleftharpoons ⇌ rel is in equilibrium with
leadsto,rightsquigarrow ⇝ rel leads to
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
vert,arrowvert,textbar | ord bar
Vert,Arrowvert ‖ ord double bar
backslash ∖ ord without
S,textsection § ord section sign
flat ♭ ord flat
natural ♮ ord natural
sharp ♯ ord sharp
clubsuit ♣ ord clubs
heartsuit ♡ ord hearts
spadesuit ♠ ord spades
bigtriangleup △ bin triangle
bigtriangledown ▽ bin down triangle
bigcirc ◯ bin large circle
smile,smallsmile ⌣ rel smile
frown,smallfrown ⌢ rel frown
leftharpoondown ↽ rel left harpoon down
rightharpoondown ⇁ rel right harpoon down
iiiint ⨌ op quadruple integral
gimel ℷ ord gimel
daleth ℸ ord daleth
blacktriangle ▴ ord black triangle
triangledown ▿ ord down triangle
blacktriangledown ▾ ord black down triangle
lozenge ◊ ord lozenge
Diamond ◇ ord large diamond
blacklozenge ⧫ ord black lozenge
circledS Ⓢ ord circled capital S
bigstar ★ ord black star
sphericalangle ∢ ord spherical angle
measuredangle ∡ ord measured angle
mho ℧ ord mho
eth,dh ð ord eth
Finv Ⅎ ord turned capital F
diagup ╱ ord rising diagonal
Game ⅁ ord turned capital G
diagdown ╲ ord falling diagonal
yen,textyen ¥ ord yen
circledR,textregistered ® ord registered
maltese ✠ ord Maltese cross
dotplus ∔ bin dot plus
Cap,doublecap ⋒ bin double intersection
leftthreetimes ⋋ bin left semidirect times
Cup,doublecup ⋓ bin double union
rightthreetimes ⋌ bin right semidirect times
barwedge ⊼ bin nand
curlywedge ⋏ bin curly and
veebar ⊻ bin exclusive or
curlyvee ⋎ bin curly or
doublebarwedge ⩞ bin double barred and
boxminus ⊟ bin boxed minus
circleddash ⊝ bin circled dash
circledast ⊛ bin circled star
boxdot ⊡ bin boxed dot
circledcirc ⊚ bin circled ring
divideontimes ⋇ bin divided times
intercal ⊺ bin intercal
leqq ≦ rel is less than or equal to
geqq ≧ rel is greater than or equal to
eqslantless ⪕ rel is equal to or less than
eqslantgtr ⪖ rel is equal to or greater than
lessapprox ⪅ rel is less than or approximately
gtrapprox ⪆ rel is greater than or approximately
lessdot ⋖ rel is less than with dot
gtrdot ⋗ rel is greater than with dot
lll,llless ⋘ rel is very much less than
ggg,gggtr ⋙ rel is very much greater than
lessgtr ≶ rel is less than or greater than
gtrless ≷ rel is greater than or less than
lesseqgtr ⋚ rel is less than, equal to or greater than
gtreqless ⋛ rel is greater than, equal to or less than
lesseqqgtr ⪋ rel is less than, double equal to or greater than
gtreqqless ⪌ rel is greater than, double equal to or less than
doteqdot,Doteq ≑ rel is geometrically equal to
eqcirc ≖ rel ring in equals
risingdotseq ≓ rel is the image of or equal to
circeq ≗ rel ring equals
fallingdotseq ≒ rel is approximately equal to the image of
backsim ∽ rel reversed tilde
backsimeq ⋍ rel reversed tilde equals
subseteqq ⫅ rel is a subset of or equal to
supseteqq ⫆ rel is a superset of or equal to
Subset ⋐ rel is a double subset of
Supset ⋑ rel is a double superset of
sqsubset ⊏ rel is a square subset of
sqsupset ⊐ rel is a square superset of
preccurlyeq ≼ rel precedes or equals
succcurlyeq ≽ rel succeeds or equals
curlyeqprec ⋞ rel equals or precedes
curlyeqsucc ⋟ rel equals or succeeds
precsim ≾ rel precedes or is about
succsim ≿ rel succeeds or is about
precapprox ⪷ rel precedes or is approximately
succapprox ⪸ rel succeeds or is approximately
vartriangleleft,lhd ⊲ rel is a normal subgroup of
vartriangleright,rhd ⊳ rel contains as a normal subgroup
trianglelefteq,unlhd ⊴ rel is a normal subgroup of or equal to
trianglerighteq,unrhd ⊵ rel contains as a normal subgroup or equals
Vdash ⊩ rel forces
Vvdash ⊪ rel triple turnstile
shortmid ∣ rel divides
bumpeq ≏ rel bumpy equals
between ≬ rel is between
Bumpeq ≎ rel double bumpy equals
pitchfork ⋔ rel is transversal to
backepsilon ϶ rel such that
blacktriangleleft ◂ rel black left triangle
blacktriangleright ▸ rel black right triangle
eqsim ≂ rel equals or is about
vartriangle ▵ rel triangle
Join ⋈ rel join
lneq ⪇ rel is less than and not equal to
gneq ⪈ rel is greater than and not equal to
lneqq,lvertneqq ≨ rel is less than and not equal to
gneqq,gvertneqq ≩ rel is greater than and not equal to
lnsim ⋦ rel is less than and not about
gnsim ⋧ rel is greater than and not about
lnapprox ⪉ rel is less than and not approximately
gnapprox ⪊ rel is greater than and not approximately
nprec ⊀ rel does not precede
nsucc ⊁ rel does not succeed
npreceq ⋠ rel does not precede or equal
nsucceq ⋡ rel does not succeed or equal
precneqq ⪵ rel precedes and does not equal
succneqq ⪶ rel succeeds and does not equal
precnsim ⋨ rel precedes and is not about
succnsim ⋩ rel succeeds and is not about
precnapprox ⪹ rel precedes and is not approximately
succnapprox ⪺ rel succeeds and is not approximately
nsim ≁ rel is not about
ncong ≇ rel is not congruent to
nvdash ⊬ rel does not prove
nvDash ⊭ rel does not satisfy
nVdash ⊮ rel does not force
nVDash ⊯ rel negated double turnstile
ntriangleleft ⋪ rel is not a normal subgroup of
ntriangleright ⋫ rel does not contain as a normal subgroup
ntrianglelefteq ⋬ rel is not a normal subgroup of or equal to
ntrianglerighteq ⋭ rel does not contain as a normal subgroup or equal
subsetneqq,varsubsetneqq ⫋ rel is a proper subset of
supsetneqq,varsupsetneqq ⫌ rel is a proper superset of
leftleftarrows ⇇ rel two left arrows
rightrightarrows ⇉ rel two right arrows
leftrightarrows ⇆ rel left arrow over right arrow
rightleftarrows ⇄ rel right arrow over left arrow
Lleftarrow ⇚ rel triple left arrow
Rrightarrow ⇛ rel triple right arrow
twoheadleftarrow ↞ rel two-headed left arrow
leftarrowtail ↢ rel left arrow with tail
rightarrowtail ↣ rel maps injectively to
looparrowleft ↫ rel looped left arrow
looparrowright ↬ rel looped right arrow
leftrightharpoons,longleftrightharpoons ⇋ rel left harpoon over right harpoon
curvearrowleft ↶ rel curved left arrow
curvearrowright ↷ rel curved right arrow
circlearrowleft ↺ rel anticlockwise arrow
circlearrowright ↻ rel clockwise arrow
Lsh ↰ rel up arrow turning left
Rsh ↱ rel up arrow turning right
upuparrows ⇈ rel two up arrows
downdownarrows ⇊ rel two down arrows
upharpoonleft ↿ rel up harpoon left
upharpoonright,restriction ↾ rel restricted to
downharpoonleft ⇃ rel down harpoon left
multimap ⊸ rel multimap
downharpoonright ⇂ rel down harpoon right
leftrightsquigarrow ↭ rel wavy two-way arrow
dashrightarrow ⇢ rel dashed right arrow
dashleftarrow ⇠ rel dashed left arrow
nleftarrow ↚ rel negated left arrow
nrightarrow ↛ rel does not tend to
nLeftarrow ⇍ rel is not implied by
nRightarrow ⇏ rel does not imply
nleftrightarrow ↮ rel does not correspond to
nLeftrightarrow ⇎ rel is not equivalent to
lmoustache ⎰ open open moustache
rmoustache ⎱ close close moustache
lgroup ⟮ open open group
rgroup ⟯ close close group
bracevert ⎪ ord brace bar
Updownarrow ⇕ ord double up down arrow
ulcorner ⌜ open open upper corner
urcorner ⌝ close close upper corner
llcorner ⌞ open open lower corner
lrcorner ⌟ close close lower corner
bigtimes ⨉ op product
bigsqcap ⨅ op square intersection
oiint ∯ op surface integral
oiiint ∰ op volume integral
Coloneqq,coloncolonequals ⩴ rel is defined as
coloncolon,dblcolon ∷ rel double colon
eqcolon ∹ rel minus colon
llbracket,lBrack ⟦ open open double bracket
rrbracket,rBrack ⟧ close close double bracket
lBrace ⦃ open open double brace
rBrace ⦄ close close double brace
lAngle,llangle ⟪ open open double angle bracket
rAngle,rrangle ⟫ close close double angle bracket
lparen ( open open bracket
rparen ) close close bracket
Perp ⫫ rel is independent of
VDash ⊫ rel double turnstile
nequiv ≢ rel is not equivalent to
napprox ≉ rel is not approximately
nsubset ⊄ rel is not a subset of
nsupset ⊅ rel is not a superset of
nni,notni ∌ rel does not contain
mapsfrom ↤ rel maps from
longmapsfrom ⟻ rel maps from
Mapsto ⤇ rel maps to
sslash,fatslash ⫽ bin double slash
interleave ⫴ bin parallel with
fcmp,fatsemi ⨾ bin then
adots,iddots ⋰ inner rising dots
Alpha Α ord capital alpha
Beta Β ord capital beta
Epsilon Ε ord capital epsilon
Zeta Ζ ord capital zeta
Eta Η ord capital eta
Iota Ι ord capital iota
Kappa Κ ord capital kappa
Mu Μ ord capital mu
Nu Ν ord capital nu
Omicron Ο ord capital omicron
Rho Ρ ord capital rho
Tau Τ ord capital tau
Chi Χ ord capital chi
Reals,reals ℝ ord the real numbers
natnums ℕ ord the natural numbers
cnums,Complex ℂ ord the complex numbers
ohm,textohm Ω ord ohm
celsius,textcelsius ℃ ord degrees Celsius
perthousand ‰ ord per thousand
micro,textmu µ ord micro
copyright,textcopyright © ord copyright
P ¶ ord paragraph sign
euro,texteuro € ord euro
textasciitilde ~ ord tilde
textasciicircum ^ ord caret
textunderscore _ ord underscore
textless < ord less than
textgreater > ord greater than
textbullet • ord bullet
textdagger † ord dagger
texttimes × ord times
textpm ± ord plus or minus
textdollar $ ord dollars
textbackslash ∖ ord backslash
textonehalf ½ ord one half
texttrademark ™ ord trade mark
ss ß ord sharp s
ae æ ord ae
AE Æ ord capital ae
oe œ ord oe
OE Œ ord capital oe
o ø ord o with stroke
O Ø ord capital o with stroke
aa å ord a with ring
AA Å ord capital a with ring
l ł ord l with stroke
L Ł ord capital l with stroke
th þ ord thorn
]]
