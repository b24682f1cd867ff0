-- Speaks rows and columns: matrices, cases, aligned lines.

return function(speech, words)
  local flat, row, phrase, simple = speech.flat, speech.row, speech.phrase, speech.simple

  -- A cell without the sentence's own punctuation.
  local function cell(list)
    return (row(speech.trimmed(list)):gsub("[%s.,;]+$", ""))
  end

  local dots = {["…"] = true, ["⋯"] = true}

  -- A cell that is heard as one thing: a, x₁, −2.
  local function plain(list)
    local nodes = flat(list)
    if #nodes == 0 then return true end
    if #nodes == 2 and nodes[1].ch == "−" then nodes = {nodes[2]} end
    return simple(nodes) or #nodes == 1 and nodes[1].k == "frac" and simple(nodes[1].num) and simple(nodes[1].den)
  end

  local function cells(line, numbered)
    local spoken = {}
    for index, list in ipairs(line) do
      local nodes = flat(list)
      local said = #nodes == 0 and words.blank or #nodes == 1 and dots[nodes[1].ch] and words.cell_dots or cell(list)
      spoken[index] = numbered and phrase("column", index, said) or said
    end
    return table.concat(spoken, ", ")
  end

  local function matrix(node)
    local rows, width, numbered = node.rows, 0, false
    for _, line in ipairs(rows) do
      width = math.max(width, #line)
      for _, list in ipairs(line) do numbered = numbered or #line > 1 and not plain(list) end
    end
    local kind = words.tables[node.kind]
    local whole = words.matrices[node.name] or "{1}"
    local spoken = {}
    for index, line in ipairs(rows) do spoken[#spoken + 1] = phrase("row", index, cells(line, numbered)) end
    local said = #rows == 1 and width == 1 and phrase("one_by_one", kind, cells(rows[1])) or
      phrase("matrix", kind, #rows, width, table.concat(spoken, "; "))
    return (whole:gsub("{1}", function() return said end))
  end

  local function conditional(spoken)
    local first = spoken:match("^%s*(%a+)")
    for _, word in ipairs(words.conditions) do
      if first == word then return spoken end
    end
    return phrase("condition", spoken)
  end

  local function cases(node)
    local spoken = {}
    for index, line in ipairs(node.rows) do
      local condition = line[2] and cell(line[2]) or ""
      local value = cell(line[1] or {})
      if condition ~= "" then value = value .. (value:match("[,%s]$") and " " or ", ") .. conditional(condition) end
      spoken[#spoken + 1] = phrase("case", index, value)
    end
    return phrase(#node.rows == 1 and "one_case" or "cases", #node.rows, table.concat(spoken, "; "))
  end

  local function lines(node)
    local spoken = {}
    for index, line in ipairs(node.rows) do
      local parts = {}
      for column, list in ipairs(line) do
        local said = column == #line and cell(list) or row(list)
        parts[#parts + 1] = (column > 2 and column % 2 == 1 and node.kind == "aligned" and ", " or "") .. said
      end
      if line.intertext then spoken[#spoken + 1] = row(line.intertext) end
      local said = speech.join(parts)
      spoken[#spoken + 1] = #node.rows > 1 and phrase("line", index, said) or said
    end
    return table.concat(spoken, "; ")
  end

  return function(node)
    if node.kind == "cases" then return cases(node) end
    if node.kind == "matrix" or node.kind == "array" then return matrix(node) end
    if node.kind == "substack" then
      local spoken = {}
      for _, line in ipairs(node.rows) do spoken[#spoken + 1] = cells(line) end
      return table.concat(spoken, words.join_lines)
    end
    return lines(node)
  end
end
