-- Makes HTML and LaTeX in the text into what they say: formulas outside dollars, page breaks, tables and words that cells
-- show. What has no meaning in print was told to the author before; what would be lost is refused. A failure is an assert
-- with a message: `error` is a log call under Quarto.

local environments = { align = true, equation = true, gather = true, multline = true, eqnarray = true, alignat = true,
  flalign = true }

local function trimmed(text) return text:match("^%s*(.-)%s*$") end

-- \begin{align}…\end{align} outside dollars is a formula.
local function formula(text)
  local name = text:match("^%s*\\begin{(%a+)%*?}")
  if not environments[name] then return nil end
  local body = text:gsub("\\label{[^{}]*}", ""):gsub("\\nonumber", ""):gsub("\\notag", "")
  body = trimmed(body)
  if name == "equation" then
    body = trimmed(body:gsub("^\\begin{equation%*?}", ""):gsub("\\end{equation%*?}$", ""))
  else
    body = body:gsub("{eqnarray(%*?)}", "{align%1}"):gsub("{multline(%*?)}", "{gather%1}"):gsub("{flalign(%*?)}", "{align%1}")
  end
  return pandoc.Math("DisplayMath", body)
end

local definitions = { "%a*newcommand", "providecommand", "def\\", "let\\", "Declare%a+", "%a*newenvironment", "definecolor" }

-- A macro's definition is left to the filter that sets formulas.
local function is_definition(text)
  local code = text:gsub("^%s*%%[^\n]*\n", "")
  for _, pattern in ipairs(definitions) do
    if code:match("^%s*\\" .. pattern) then return true end
  end
  return false
end

local page_breaks = { newpage = true, pagebreak = true, clearpage = true, cleardoublepage = true }

-- What pandoc makes of the code in its own language; what it leaves out it would leave out without a word.
local function understood(text, format, hint)
  local sound, read = pcall(pandoc.read, text, format .. (format == "latex" and "+raw_tex" or "") .. "-auto_identifiers")
  assert(sound, "raw " .. format .. " is not supported" .. (hint or "") .. ": " .. text)
  local lost
  local function look(element)
    local said = element.text:match("^%s*<style") or element.text:match("^%s*<!%-%-") or is_definition(element.text)
    if not said then lost = lost or element.text end
    return {}
  end
  read = read:walk({ RawInline = look, RawBlock = look, Image = function(image)
    assert(format ~= "latex", "raw latex with an image is not supported, write ![caption](" .. image.src .. "){#fig-name}: " .. text)
  end })
  assert(not lost and (#read.blocks > 0 or is_definition(text)), "raw " .. format .. " is not supported" .. (hint or "") .. ": " .. (lost or text))
  return read.blocks
end

local plain_tags = { small = true, p = true, a = true, center = true, mark = true, span = true, div = true }

local function raw_block_of(element)
  local format, text = element.format, element.text
  if format == "typst" then
    return nil
  elseif format == "html-output" then
    return understood(text, "html")
  elseif format == "latex-output" then
    return understood(text, "latex")
  elseif format == "html-left-out" and text:lower():match("<table") then
    return understood(text, "html") -- as Quarto reads it for all formats
  elseif format:match("left%-out$") or not text:match("%S") or text:match("^%s*<!%-%-") or text:match("^%s*<style") then
    return {} -- the author was told
  elseif format == "html" and text:lower():match("^%s*<hr%s*/?>%s*$") then
    return pandoc.HorizontalRule()
  elseif format == "html" and text:match("^%s*<br%s*/?>%s*$") or plain_tags[text:match("^%s*</?(%a+)[^<>]*>%s*$")] then
    return {}
  elseif format == "tex" or format == "latex" then
    local math = formula(text)
    if math then return pandoc.Para({ math }) end
    if page_breaks[text:match("^%s*\\(%a+)")] then return pandoc.RawBlock("typst", "#pagebreak(weak: true)") end
    local blocks = understood(text, "latex")
    if is_definition(text) then blocks:insert(1, element) end
    return blocks
  end
  assert(false, "raw " .. format .. " is not supported: " .. text)
end

local function raw_inline_of(element)
  local format, text = element.format, element.text
  if format == "typst" then
    return nil
  elseif format == "html" then
    if text:match("^</?[bB][rR]%W") then return pandoc.LineBreak() end
    if text:match("^<!%-%-") then return {} end
    return nil
  elseif format == "tex" or format == "latex" then
    local math = formula(text)
    if math then return math end
    if is_definition(text) then return nil end
    local reference = not text:match("^\\href{") and text:match("^\\%a*ref{(%a*)")
    local fix = reference == "eq" and "number it by $$…$$ {#eq-name}, and refer by @eq-name"
      or "references are written @kind-name, as @fig-name"
    assert(not reference, "raw LaTeX is not supported (" .. fix .. "): " .. text)
    local hint = " outside a formula, which has no space inside its dollars and no digit behind them"
    return pandoc.utils.blocks_to_inlines(understood(text, "latex", hint))
  end
  assert(false, "raw " .. format .. " is not supported: " .. text)
end

local makers = {
  b = pandoc.Strong, strong = pandoc.Strong, i = pandoc.Emph, em = pandoc.Emph, u = pandoc.Underline, s = pandoc.Strikeout,
  del = pandoc.Strikeout, sub = pandoc.Subscript, sup = pandoc.Superscript,
  code = function(content) return pandoc.Code(pandoc.utils.stringify(content)) end,
}
makers.kbd = makers.code

-- Tags that say how a word looks.
local function tags(inlines)
  local result, index = pandoc.Inlines({}), 1
  while index <= #inlines do
    local element = inlines[index]
    if element.t == "RawInline" and element.format == "html" then
      local name = element.text:match("^</?(%a+)")
      local make = name and makers[name:lower()]
      assert(make or plain_tags[name and name:lower()], "raw html is not supported: " .. element.text)
      if make and not element.text:match("^</") then
        local content, last = pandoc.Inlines({}), index + 1
        while last <= #inlines and not (inlines[last].t == "RawInline" and inlines[last].text:lower() == "</" .. name:lower() .. ">") do
          content:insert(inlines[last])
          last = last + 1
        end
        result:insert(make(tags(content)))
        index = last
      end
    else
      result:insert(element)
    end
    index = index + 1
  end
  return result
end

-- Not the front matter, whose TeX is for other formats but for macros, which the filter that sets formulas reads.
local function text_alone(document)
  document.blocks = document.blocks:walk({ RawInline = raw_inline_of, RawBlock = raw_block_of }):walk({ Inlines = tags })
  return document
end

return {
  { Pandoc = text_alone },
}
