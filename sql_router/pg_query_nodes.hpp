// PostgreSQL's parse tree as libpg_query hands it out, and the few steps everybody takes in it. Only the pg_query_* files
// may include this: what the parser's nodes look like is nobody else's business.
#pragma once

#include <strings.h>

#include <cctype>
#include <cstring>
#include <string>
#include <string_view>

extern "C" {
#include <pg_query.h>
#include <pg_query/pg_query_internal.h>
// after the above, which define PostgreSQL's basic types
#include <catalog/pg_class.h>
#include <nodes/parsenodes.h>
}

namespace howdah {

template <typename T>
const T* as(const void* node) {
  return static_cast<const T*>(node);
}

inline std::string_view text_or_empty(const char* text) { return text == nullptr ? std::string_view{} : text; }

inline std::string lowered(const char* text) {
  std::string result(text_or_empty(text));
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

inline bool is_same_word(std::string_view text, const char* word) {
  return text.size() == std::strlen(word) && strncasecmp(text.data(), word, text.size()) == 0;
}

template <typename Function>
void for_each_in(const List* list, Function&& function) {
  if (list == nullptr) return;
  for (int i = 0; i < list->length; ++i) function(as<Node>(list->elements[i].ptr_value));
}

struct QualifiedName {
  std::string_view schema;
  std::string_view name;
};

// A dotted name: the last part is the name, the one before it the schema.
inline QualifiedName qualified_name(const List* parts) {
  QualifiedName result;
  for_each_in(parts, [&](const Node* part) {
    if (part == nullptr || nodeTag(part) != T_String) return;
    result.schema = result.name;
    result.name = text_or_empty(as<String>(part)->sval);
  });
  return result;
}

}  // namespace howdah
