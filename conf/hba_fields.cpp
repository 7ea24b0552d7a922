#include "conf/hba_fields.hpp"

#include "conf/words.hpp"

#include <fmt/format.h>

namespace howdah {

using namespace conf;

namespace {

constexpr int kDeepestList = 10;     // @file in @file
constexpr int kMostLists = 100;  // all @file of a pool_hba.conf

bool ends_word(char c) { return is_blank(c) || c == ',' || c == '#'; }

// A word may be partly quoted, as in PostgreSQL: any quote makes it a plain name.
HbaWord take_word(std::string_view& rest, std::string& problem) {
  HbaWord word;
  bool in_quotes = false;
  std::size_t i = 0;
  for (; i < rest.size() && (in_quotes || !ends_word(rest[i])); ++i) {
    if (rest[i] != '"') {
      word.text += rest[i];
    } else if (in_quotes && i + 1 < rest.size() && rest[i + 1] == '"') {
      word.text += rest[i++];  // "" inside quotes is one quote
    } else {
      in_quotes = !in_quotes;
      word.is_quoted = true;
    }
  }
  if (in_quotes) problem = "a double quote is not closed";
  rest.remove_prefix(i);
  return word;
}

void skip_blanks(std::string_view& rest) {
  while (!rest.empty() && is_blank(rest.front())) rest.remove_prefix(1);
}

}  // namespace

std::vector<HbaField> split_hba_line(std::string_view line, std::string& problem) {
  std::vector<HbaField> fields;
  bool continues_field = false;  // after a comma
  skip_blanks(line);
  while (!line.empty() && line.front() != '#') {
    if (line.front() == ',') {
      problem = "a name is expected before the comma";
      return fields;
    }
    HbaWord word = take_word(line, problem);
    if (!problem.empty()) return fields;
    if (!continues_field) fields.emplace_back();
    fields.back().push_back(std::move(word));
    skip_blanks(line);
    continues_field = line.starts_with(',');
    if (continues_field) line.remove_prefix(1);
    skip_blanks(line);
  }
  if (continues_field) problem = "a name is expected after the comma";
  return fields;
}

HbaField HbaNameReader::expanded(const HbaField& field, int depth, std::string& problem) {
  HbaField words;
  for (const HbaWord& word : field) {
    if (word.is_quoted || !word.text.starts_with('@') || word.text.size() == 1) {
      words.push_back(word);
      continue;
    }
    const std::string name = word.text.substr(1);
    const auto slash = path_.rfind('/');
    const bool is_absolute = name.starts_with('/') || slash == std::string::npos;
    if (depth >= kDeepestList || ++files_ > kMostLists) {
      problem = fmt::format("@{}: too many files in files", shown(name));
      return words;
    }
    const auto text = read_(is_absolute ? name : path_.substr(0, slash + 1) + name);
    if (!text) {
      problem = fmt::format("cannot read \"{}\": {}", shown(name), to_text(text.error()));
      return words;
    }
    for (const std::string_view line : lines_of(*text)) {
      for (const HbaField& inner : split_hba_line(line, problem)) {
        if (!problem.empty()) return words;
        const HbaField more = expanded(inner, depth + 1, problem);
        words.insert(words.end(), more.begin(), more.end());
      }
    }
  }
  return words;
}

HbaNames HbaNameReader::databases(const HbaField& field, std::string& problem) {
  HbaNames names;
  for (const HbaWord& word : expanded(field, 0, problem)) {
    if (word.is_quoted)
      names.names.push_back(word.text);
    else if (word.text == "all")
      names.is_all = true;
    else if (word.text == "sameuser")
      names.is_sameuser = true;
    else if (word.text == "replication")
      names.is_replication = true;
    else if (word.text == "samegroup" || word.text == "samerole")
      problem = fmt::format("\"{}\" is not supported, because roles are not known here; name the databases", word.text);
    else
      names.names.push_back(word.text);
  }
  return names;
}

HbaNames HbaNameReader::users(const HbaField& field, std::string& problem) {
  HbaNames names;
  for (const HbaWord& word : expanded(field, 0, problem)) {
    if (!word.is_quoted && word.text == "all")
      names.is_all = true;
    else if (!word.is_quoted && word.text.starts_with('+'))
      problem = fmt::format("\"{}\": groups are not supported, because roles are not known here; name the users",
                            shown(word.text));
    else
      names.names.push_back(word.text);
  }
  return names;
}

}  // namespace howdah
