-- Does what Quarto's own filters do inside a line: cross-references, citations with words before them, numbered formulas
-- and images become the Typst that Quarto would write. It runs before the floats are made.

local function raw(text) return pandoc.RawInline("typst", text) end

local function quoted(text)
  return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"') .. '"'
end

-- The frame defines the words before numbers, which the document's language and options decide.
local function word(kind, use) return "crossref." .. kind .. "." .. use end

local function set(names)
  local found = {}
  for name in names:gmatch("%a+") do found[name] = true end
  return found
end

local theorems = set("thm lem cor prp cnj def exm exr alg rem sol")
local reference_kinds = set("fig tbl lst eq sec nte tip imp wrn cau thm lem cor prp cnj def exm exr alg rem sol")

-- Titles in attributes ------------------------------------------------------------------------------------------------

-- A text as it stands inside a line: "1. First" is no list there.
local function inlines_of(text)
  local blocks = pandoc.read("x " .. text, "markdown-auto_identifiers").blocks
  local content = blocks[1].content
  content:remove(1)
  if #content > 0 and content[1].t == "Space" then content:remove(1) end
  return content
end

local proofs = { proof = "proof", remark = "rem", solution = "sol" }

-- The title of a callout and the name of a theorem or proof may be an attribute; a heading says the same.
local function titled(div, key)
  local title = div.attributes[key]
  if title and title:match("%S") then
    div.attributes[key] = nil
    div.content:insert(1, pandoc.Header(2, inlines_of(title)))
  end
  return div
end

-- Theorems and their like, and proofs, are marked by their kind.
local function named(div)
  local kind = div.identifier:match("^(%a+)%-")
  if div.classes:find_if(function(class) return class:match("^callout%-") end) then
    return titled(div, "title")
  elseif theorems[kind] then
    div.attributes.theorem = kind
    return titled(div, "name")
  end
  for class, of in pairs(proofs) do
    if div.classes:includes(class) then
      div.attributes.proof = of
      return titled(div, "name")
    end
  end
end

-- So may the caption of a float that is a block.
local function captioned(div)
  local key = (div.identifier:match("^(%a+)%-") or "") .. "-cap"
  local caption = div.attributes[key]
  if caption and caption:match("%S") then
    div.attributes[key] = nil
    div.content:insert(pandoc.Para(inlines_of(caption)))
    return div
  end
end

-- An image that is a paragraph of its own without caption may have a label or a place in the line.
local function alone(para)
  local image = para.content[1]
  if #para.content ~= 1 or image.t ~= "Image" then return nil end
  local identifier, align = image.identifier, image.attributes["fig-align"]
  if identifier:match("^fig%-") then
    return pandoc.Div({ para }, pandoc.Attr(identifier, {}, { uncaptioned = "true" }))
  elseif align and align ~= "default" then
    return pandoc.Div({ para }, pandoc.Attr("", {}, { ["fig-align"] = align }))
  end
end

-- ```{#lst-x .python lst-cap="…"}
local function listing(code)
  local identifier, caption = code.identifier, code.attributes["lst-cap"]
  local is_listing = identifier:match("^lst%-")
  assert(not caption or is_listing, "a listing with a caption needs a label {#lst-…}: " .. (caption or ""))
  if not is_listing then return nil end
  assert(caption and caption:match("%S"), "the listing " .. identifier .. ' needs a caption lst-cap="…"')
  code.identifier, code.attributes["lst-cap"] = "", nil
  return pandoc.Div({ code, pandoc.Para(inlines_of(caption)) }, pandoc.Attr(identifier))
end

-- Images ------------------------------------------------------------------------------------------------------------

local inches = { ["in"] = 1, cm = 1 / 2.54, mm = 1 / 25.4, pt = 1 / 72, px = 1 / 96, [""] = 1 / 96 }
local line = 6.1

-- A length without a unit is in pixels, of which an inch has 96. No image is wider than the line.
local function length(side, text)
  local number, unit = text:match("^(%d+%.?%d*)(%a*)$")
  local share = tonumber(text:match("^(%d+%.?%d*)%%$"))
  if side == "width" and (number and inches[unit] and number * inches[unit] > line or share and share > 100) then
    return "100%"
  end
  return number and inches[unit] == inches.px and string.format("%.5fin", number / 96) or text
end

local function image(element)
  local alternative = element.attributes["fig-alt"] or element.attributes["alt"]
  local file = element.src:gsub("%%(%x%x)", function(code) return string.char(tonumber(code, 16)) end)
  -- what Python has not found has not been named from the project's folder
  assert(file:match("^/"), "an image's file must stand behind its caption, on one line, as ![caption](file){…}: " .. file)
  local parameters = { quoted(file) }
  if not alternative or alternative == "" then
    alternative = pandoc.utils.stringify(element.caption)
  end
  if alternative ~= "" then
    table.insert(parameters, "alt: " .. quoted(alternative))
  end
  for _, side in ipairs({ "width", "height" }) do
    if element.attributes[side] then
      table.insert(parameters, side .. ": " .. length(side, element.attributes[side]))
    end
  end
  return raw("#box(image(" .. table.concat(parameters, ", ") .. "))")
end

-- An image that is a paragraph is a figure, in a link too.
local function linked(paragraph)
  local link = paragraph.content[1]
  local inner = link and #paragraph.content == 1 and link.t == "Link" and #link.content == 1 and link.content[1]
  if not inner or inner.t ~= "Image" or #inner.caption == 0 then return nil end
  local caption, identifier = inner.caption:clone(), inner.identifier
  inner.identifier = ""
  return pandoc.Figure({ pandoc.Plain({ link }) }, { long = { pandoc.Plain(caption) } }, pandoc.Attr(identifier))
end

-- Code annotations -----------------------------------------------------------------------------------------------------

-- how a comment begins and ends
local marks = { ["#"] = "", ["//"] = "", ["%-%-"] = "", ["%%"] = "", [";"] = "", ["/%*"] = "%*/", ["<!%-%-"] = "%-%->" }

-- Take `# <1>` out of a block of code; return for each number the lines that it stands in, and how many numbers there are.
local function marked_lines(code)
  local lines, text, count, at = {}, {}, 0, 0
  for line in (code.text .. "\n"):gmatch("(.-)\n") do
    at = at + 1
    for mark, ending in pairs(marks) do
      local before, number = line:match("^(.-)%s*" .. mark .. "%s*<(%d+)>%s*" .. ending .. "%s*$")
      if before then
        line, number = before, tonumber(number)
        count = lines[number] and count or count + 1
        lines[number] = lines[number] and lines[number] .. ", " .. at or tostring(at)
      end
    end
    table.insert(text, line)
  end
  return lines, count, table.concat(text, "\n")
end

-- What a list below it says of lines of code names the lines.
local function annotated(blocks)
  local code, lines, count, text
  for index, block in ipairs(blocks) do
    local inner = block.t == "Div" and block.identifier:match("^lst%-") and block.content[1] or block -- of a listing
    if inner.t == "CodeBlock" then
      local found, several, without = marked_lines(inner)
      if several > 0 then code, lines, count, text = index, found, several, without end
    elseif block.t == "OrderedList" and code and #block.content == count then
      local items = {}
      for number, item in ipairs(block.content) do
        local named = lines[number] or ""
        local term = { raw("#" .. word(named:match(",") and "lines" or "line", "title")), pandoc.Space(), pandoc.Str(named) }
        table.insert(items, { pandoc.Inlines(term), { item } })
      end
      local function unmarked(found) found.text = text return found end
      blocks[code] = pandoc.Blocks({ blocks[code] }):walk({ CodeBlock = unmarked })[1]
      blocks[index] = pandoc.DefinitionList(items)
      code = nil
    end
  end
  return blocks
end

-- References and equations ------------------------------------------------------------------------------------------

local function reference(citation, label, kind)
  assert(#citation.suffix == 0, "a reference has no words after it, write them behind the bracket: @" .. citation.id)
  local supplement = word(kind, "prefix")
  if #citation.prefix > 0 then
    supplement = quoted(pandoc.utils.stringify(citation.prefix))
  elseif citation.mode == "SuppressAuthor" then
    supplement = "[]"
  end
  return raw("#ref(<" .. label .. ">, supplement: " .. supplement .. ")")
end

-- Typst's citations have no words before them: these stand before the bracket. What stands behind a key is in it.
local function citations(list)
  local result = pandoc.Inlines({})
  for index, citation in ipairs(list) do
    if index > 1 then
      local apart = #citation.prefix > 0 or #list[index - 1].suffix > 0
      result:extend(apart and { pandoc.Str(";"), pandoc.Space() } or {})
    end
    if #citation.prefix > 0 then
      result:extend(citation.prefix)
      result:insert(pandoc.Space())
      citation.prefix = pandoc.Inlines({})
    end
    result:insert(pandoc.Cite({ pandoc.Str(citation.id) }, { citation }))
  end
  return result
end

-- Braces say where a place in a source ends, [@key, {fig. 3} and more], and are not printed.
local function without_braces(suffix)
  local text = pandoc.utils.stringify(suffix)
  if not text:match("^,?%s*{[^{}]*}") then return suffix end
  local left = { ["{"] = true, ["}"] = true }
  return suffix:walk({
    Str = function(found)
      return pandoc.Str((found.text:gsub("[{}]", function(brace)
        local first = left[brace]
        left[brace] = nil
        return first and "" or brace
      end)))
    end,
  })
end

local function references(cite)
  local result = pandoc.Inlines({})
  local source
  for _, citation in ipairs(cite.citations) do
    local label = citation.id:gsub("^%u", string.lower) -- @Fig-x begins a sentence; the word is the same
    local kind = label:match("^(%a+)%-")
    if reference_kinds[kind] then
      if #result > 0 then
        result:extend({ pandoc.Str(","), pandoc.Space() })
      end
      result:insert(reference(citation, label, kind))
    else
      source = citation.id
    end
  end
  assert(not source or #result == 0, "a reference and a citation cannot share a bracket: @" .. (source or ""))
  if #result > 0 then
    return result
  end
  for _, citation in ipairs(cite.citations) do
    citation.suffix = without_braces(citation.suffix)
  end
  local has_words = cite.citations:find_if(function(citation) return #citation.prefix > 0 end)
  return has_words and citations(cite.citations) or cite
end

-- Typst takes a letter or dash right behind a key for more of it: a comment that says nothing ends it.
local function ended(inlines)
  local result = pandoc.Inlines({})
  for index, element in ipairs(inlines) do
    local before = inlines[index - 1]
    if before and before.t == "Cite" and (element.t == "Str" or element.t == "Span") then
      local text = pandoc.utils.stringify(element)
      if text:match("^[:.]*[%w_\xc2-\xf4-]") and (not text:match("^\xe2\x80") or text:match("^\xe2\x80[\x93\x94]")) then
        result:insert(raw("/**/"))
      end
    end
    result:insert(element)
  end
  return result
end

-- What Quarto sets in the margin does not go on with the sentence.
local function aside(span)
  if span.classes:includes("aside") or span.classes:includes("column-margin") then
    return pandoc.Note({ pandoc.Para(span.content) })
  end
end

-- Typst would take the apostrophe after a number or a reference for a prime or the beginning of a quotation.
local function apostrophes(inlines)
  local result = pandoc.Inlines({})
  for index, element in ipairs(inlines) do
    if element.t == "Str" then
      for part in element.text:gsub("’", "\0’\0"):gmatch("[^\0]+") do
        result:insert(part == "’" and raw(part) or pandoc.Str(part))
      end
    elseif element.t == "Quoted" and element.quotetype == "SingleQuote" and index > 1
      and (inlines[index - 1].t == "Cite" or inlines[index - 1].t == "RawInline") then
      -- `@fig-x's left half … paper's`: the first apostrophe looked like an opening quote to pandoc
      result:insert(raw("’"))
      result:extend(apostrophes(element.content))
      result:insert(raw("’"))
    else
      result:insert(element)
    end
  end
  return result
end

-- `$$…$$ {#eq-x alt="…"}` arrives as Math, an optional space, and strings from `{#eq-x` to `}`.
local function equation_attributes(inlines, start)
  local text = ""
  for index = start, #inlines do
    local element = inlines[index]
    if element.t == "Str" then
      text = text .. element.text
    elseif element.t == "Space" or element.t == "SoftBreak" then
      text = text .. " "
    elseif element.t == "Quoted" then
      text = text .. '"' .. pandoc.utils.stringify(element.content) .. '"'
    else
      return nil
    end
    local label = text:match("^%s*{%s*#(eq%-[%w_.:-]+)%s*}$")
      or text:match("^%s*{%s*#(eq%-[%w_.:-]+)%s+alt%s*=%s*[\"“].-[\"”]%s*}$")
    if label then
      return label, text:match("alt%s*=%s*[\"“](.-)[\"”]%s*}$"), index
    end
    if not text:match("^%s*{?#?[eq]?") or #text > 2000 then
      return nil
    end
  end
end

local function equations(inlines)
  local result = pandoc.Inlines({})
  local index = 1
  while index <= #inlines do
    local element = inlines[index]
    local label, alternative, last
    if element.t == "Math" and element.mathtype == "DisplayMath" then
      label, alternative, last = equation_attributes(inlines, index + 1)
    end
    if label then
      local alt = alternative and (", alt: " .. quoted(alternative)) or ""
      result:insert(raw("#math.equation(block: true, numbering: equation-numbering" .. alt .. ", [ "))
      result:insert(element)
      result:insert(raw(" ])<" .. label .. ">"))
    else
      result:insert(element)
    end
    index = (last or index) + 1
  end
  return result
end

return {
  { Div = function(div) return named(div) or captioned(div) end, CodeBlock = listing,
    Para = function(paragraph) return linked(paragraph) or alone(paragraph) end },
  { Inlines = equations, Blocks = annotated },
  { Inlines = apostrophes },
  { Inlines = ended },
  { Cite = references, Image = image, Span = aside },
}
