#include "sql_router/catalog/plpgsql_body.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "sql_router/catalog/sql_tokens.hpp"
#include "sql_router/classifier.hpp"
#include "sql_router/name_rules.hpp"

namespace howdah {

namespace {

using enum RouteReason;

struct CommandRow {
  std::string_view word;  // a statement's first
  RouteReason reason = read;
  bool may_write = false;
  std::optional<PinReason> pin = {};
  CatalogChange catalog_change = CatalogChange::none;
};

// PL/pgSQL's own statements, and SQL commands by what they mean in a function. What is missing is not understood.
constexpr auto kCommands = std::to_array<CommandRow>({
    {"if"}, {"elsif"}, {"elseif"}, {"else"}, {"case"}, {"when"}, {"loop"}, {"while"}, {"for"}, {"foreach"}, {"exit"},
    {"continue"}, {"return"}, {"raise"}, {"assert"}, {"perform"}, {"get"}, {"open"}, {"fetch"}, {"move"}, {"close"},
    {"null"}, {"begin"}, {"declare"}, {"end"}, {"exception"}, {"select"}, {"with"}, {"values"}, {"call"},
    {"commit"}, {"rollback"}, {"execute"}, {"insert"}, {"update"}, {"delete"}, {"merge"}, {"create"},
    {"truncate", write, true},
    {"grant", write, true},
    {"revoke", write, true},
    {"comment", write, true},
    {"refresh", write, true},
    {"analyze", write, true},
    {"notify", primary_only, false},
    {"lock", primary_only, false},
    {"alter", write, true, {}, CatalogChange::changes},
    {"drop", write, true, {}, CatalogChange::changes},
    {"import", write, true, {}, CatalogChange::changes},
    {"listen", session_state, false, PinReason::listen},
    {"unlisten", session_state, false},
    {"load", session_state, false, PinReason::load},
    {"reset", session_state, false, PinReason::setting},
    {"set", session_state, false, PinReason::setting},
});

// Words that may stand before a bracket without being called: reserved ones, and those the grammar treats apart.
constexpr auto kNeverCalled = std::to_array<std::string_view>(
    {"all", "analyse", "analyze", "and", "any", "array", "as", "between", "bigint", "boolean", "case", "cast",
     "character", "check", "coalesce", "collate", "cross", "dec", "decimal", "distinct", "else", "elseif", "elsif",
     "except", "exists", "extract", "fetch", "float", "for", "from", "full", "greatest", "group", "grouping", "having",
     "if", "ilike", "in", "inner", "int", "integer", "intersect", "into", "is", "join", "lateral", "least", "like",
     "limit", "loop", "natural", "nchar", "normalize", "not", "nullif", "offset", "on", "only", "or", "order", "overlay",
     "perform", "position", "primary", "real", "references", "return", "returning", "row", "select", "setof", "similar",
     "smallint", "some", "substring", "table", "tablesample", "then", "treat", "trim", "union", "unique", "using",
     "values", "varying", "when", "where", "while", "with", "xmlconcat", "xmlelement", "xmlexists", "xmlforest",
     "xmlparse", "xmlpi", "xmlroot", "xmlserialize", "xmltable"});
static_assert(std::is_sorted(kNeverCalled.begin(), kNeverCalled.end()));

// Unreserved words that are no call behind certain others.
struct WordAfter {
  std::string_view word;
  std::string_view previous;
};
constexpr auto kNotCalledAfter = std::to_array<WordAfter>({{"by", "order"}, {"by", "group"}, {"by", "partition"},
                                                           {"over", ")"}, {"filter", ")"}, {"next", "return"},
                                                           {"query", "return"}, {"materialized", "as"},
                                                           {"conflict", "on"}, {"sets", "grouping"}});
// Whatever stands behind these is named, not called.
constexpr auto kNamesFollow = std::to_array<std::string_view>({"as", "with", "into", "table", "exists", "open", "recursive"});

template <std::size_t Size>
bool contains(const std::array<std::string_view, Size>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

class BodyReader {
 public:
  explicit BodyReader(std::string_view body) : tokens_(tokens_of(body)) {}

  BodyReading run() {
    while (at_ < tokens_.size()) step();
    sort_once(reading_.functions);
    sort_once(reading_.relations);
    // Nobody has looked whether it asks for the time: taken as if it did.
    reading_.effects.reads_transaction_time = true;
    return std::move(reading_);
  }

 private:
  template <typename Names>
  static void sort_once(Names& names) {
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
  }

  const Token& token(std::size_t at) const {
    static const Token kNothing{TokenKind::symbol, ""};
    return at < tokens_.size() ? tokens_[at] : kNothing;
  }
  const Token& previous() const { return at_ == 0 ? token(tokens_.size()) : token(at_ - 1); }

  void step() {
    const Token& here = tokens_[at_];
    if (here.is_symbol(";")) {
      open_cases_ = 0;
      is_start_ = true;
      ++at_;
      return;
    }
    // <<label>>
    if (here.is_symbol(">>") && at_ >= 2 && token(at_ - 2).is_symbol("<<")) {
      is_start_ = true;
      ++at_;
      return;
    }
    if (!here.is_name()) {
      is_start_ = false;
      ++at_;
      return;
    }
    if (here.kind == TokenKind::word && std::exchange(is_start_, false)) {
      if (begin_statement(here.text)) return;
    }
    is_start_ = false;
    if (here.kind == TokenKind::word) look_at_word(here.text);
    take_name();
  }

  // True if the word has been dealt with and the next may begin a statement, too.
  bool begin_statement(const std::string& word) {
    if (word == "declare" || word == "begin" || word == "else" || word == "loop") {
      if (word == "declare" || word == "begin") is_declaring_ = word == "declare";
      is_start_ = true;
      ++at_;
      return true;
    }
    if (is_declaring_) {
      note_cursor();
      return false;
    }
    is_case_statement_ = word == "case";
    const Token& next = token(at_ + 1);
    const bool is_assignment = next.is_symbol(":=") || next.is_symbol("=") || next.is_symbol(".") || next.is_symbol("[");
    if (!is_assignment) judge_command(word);
    return false;
  }

  void note_cursor() {
    for (std::size_t i = 1; i <= 3; ++i)
      if (token(at_ + i).is_word("cursor")) cursors_.insert(tokens_[at_].text);
  }

  void judge_command(const std::string& word) {
    const auto row = std::find_if(kCommands.begin(), kCommands.end(), [&](const CommandRow& r) { return r.word == word; });
    if (row == kCommands.end()) {
      reading_.has_unknown_part = true;
      return;
    }
    Effects effects{.reason = row->reason, .may_write = row->may_write, .catalog_change = row->catalog_change};
    if (row->pin) effects.pins = *row->pin;
    if (word == "set") effects = effects_of_set();
    if (effects.reason != read) reading_.effects.add(effects, word);
  }

  Effects effects_of_set() const {
    const Token& what = token(at_ + 1);
    if (what.is_word("local") || what.is_word("constraints") || what.is_word("transaction"))
      return {.reason = primary_only};
    Effects effects{.reason = session_state, .pins = PinReason::setting};
    const Token& name = what.is_word("session") ? token(at_ + 2) : what;
    if (name.is_word("role") || name.is_word("authorization") || name.is_word("session_authorization"))
      effects.pins = PinReason::session_authorization;
    return effects;
  }

  // Words that mean something wherever they stand.
  void look_at_word(const std::string& word) {
    const bool is_part = previous().is_symbol(".") || token(at_ + 1).is_symbol(".");
    if (is_part) return;
    if (word == "case" && !std::exchange(is_case_statement_, false)) ++open_cases_;
    if (word == "end" && open_cases_ > 0) --open_cases_;
    if (word == "then" && open_cases_ == 0) is_start_ = true;
    if ((word == "else" || word == "loop") && open_cases_ == 0) is_start_ = true;
    if (word == "commit" || word == "rollback" || word == "call") reading_.may_end_transaction = true;
    if (word == "execute") take_execute();
    if (word == "create") take_create();
    const bool is_lock = previous().is_word("for") || previous().is_word("key");
    if (word == "share" && is_lock) return object(locks_rows, word);
    if (word == "update" && (is_lock || (previous().is_word("key") && token(at_ - 2).is_word("no"))))
      return object(locks_rows, "for update");
    if (word == "insert" || word == "update" || word == "delete" || word == "merge")
      reading_.effects.add({.reason = write, .may_write = true}, word);
  }

  void object(RouteReason reason, std::string_view because) { reading_.effects.add({.reason = reason}, because); }

  // EXECUTE of one literal is as good as the statement itself.
  void take_execute() {
    const Token& text = token(at_ + 1);
    const Token& after = token(at_ + 2);
    const bool is_whole = after.is_symbol(";") || after.is_word("using") || after.is_word("into") || after.is_word("loop");
    if (text.kind != TokenKind::string || !is_whole) {
      reading_.has_unknown_part = true;
      return;
    }
    const BodyReading inner = read_sql(text.text);
    reading_.effects.add(inner.effects, "execute");
    reading_.has_unknown_part |= inner.has_unknown_part;
    reading_.functions.insert(reading_.functions.end(), inner.functions.begin(), inner.functions.end());
    reading_.uses.insert(reading_.uses.end(), inner.uses.begin(), inner.uses.end());
    reading_.relations.insert(reading_.relations.end(), inner.relations.begin(), inner.relations.end());
  }

  void take_create() {
    Effects effects{.reason = write, .may_write = true};
    const bool has_scope = token(at_ + 1).is_word("local") || token(at_ + 1).is_word("global");
    const Token& what = token(at_ + (has_scope ? 2 : 1));
    if (what.is_word("temp") || what.is_word("temporary")) {
      effects.pins = PinReason::temp_table;
    } else {
      effects.catalog_change = CatalogChange::changes;
    }
    reading_.effects.add(effects, "create");
  }

  // A dotted name: called if a bracket follows, else perhaps a relation.
  void take_name() {
    const std::size_t begin = at_;
    std::vector<const std::string*> parts{&tokens_[at_].text};
    while (token(at_ + 1).is_symbol(".") && token(at_ + 2).is_name()) {
      at_ += 2;
      parts.push_back(&tokens_[at_].text);
    }
    const bool has_bracket = token(at_ + 1).is_symbol("(");
    ++at_;
    ObjectName name{.schema = parts.size() > 1 ? *parts[parts.size() - 2] : "", .name = *parts.back()};
    if (!has_bracket) return add_relation(std::move(name));
    const Token& before = begin == 0 ? token(tokens_.size()) : token(begin - 1);
    const Token& after = token(at_ + 2);
    const bool is_constant = token(at_ + 1).kind == TokenKind::string &&
                             (after.is_symbol(")") || after.is_symbol(",") || after.is_symbol("::"));
    if (name.name == "current_setting" && is_constant) {
      const RouteReason reason = judge_setting(token(at_ + 1).text);
      if (reason != read) object(reason, token(at_ + 1).text);
      return;
    }
    if (!is_never_called(tokens_[begin], before, parts.size())) reading_.functions.push_back(std::move(name));
    else if (before.is_word("into")) add_relation(std::move(name));
  }

  bool is_never_called(const Token& word, const Token& before, std::size_t part_count) const {
    if (before.kind == TokenKind::word && contains(kNamesFollow, before.text)) return true;
    if (part_count > 1) return false;
    if (cursors_.contains(word.text) || (is_declaring_ && word.is_word("cursor"))) return true;
    if (word.kind != TokenKind::word) return false;
    if (std::binary_search(kNeverCalled.begin(), kNeverCalled.end(), word.text)) return true;
    return std::any_of(kNotCalledAfter.begin(), kNotCalledAfter.end(), [&](const WordAfter& row) {
      return row.word == word.text && row.previous == before.text;
    });
  }

  void add_relation(ObjectName name) {
    const RouteReason reason = judge_relation(name.schema, name.name);
    if (is_temp_schema(name.schema)) reading_.effects.add({.reason = session_state, .pins = PinReason::temp_table}, name.schema);
    else if (reason != read) object(reason, to_text(name));
    reading_.relations.push_back({std::move(name), false});
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  bool is_start_ = true;
  bool is_declaring_ = false;       // between DECLARE and BEGIN: names and types
  bool is_case_statement_ = false;  // the CASE at hand is no expression
  std::size_t open_cases_ = 0;      // CASE expressions, whose THEN and ELSE begin no statement
  std::set<std::string> cursors_;   // declared; they are opened like functions
  BodyReading reading_;
};

}  // namespace

BodyReading read_plpgsql(std::string_view body) { return BodyReader(body).run(); }

}  // namespace howdah
