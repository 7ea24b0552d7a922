#include "sql_router/pg_query_settings.hpp"

#include <charconv>
#include <limits>
#include <optional>
#include <string>

#include "sql_router/list_settings.hpp"
#include "sql_router/pg_query_nodes.hpp"
#include "sql_router/setting_pins.hpp"

namespace howdah {

namespace {

using Kind = StatementKind;

// The text of a plain constant; nothing if it is something else.
std::optional<std::string_view> constant_text(const Node* node) {
  if (node == nullptr || nodeTag(node) != T_A_Const) return std::nullopt;
  const auto* constant = as<A_Const>(node);
  if (constant->isnull) return std::nullopt;
  if (nodeTag(&constant->val) == T_String) return text_or_empty(constant->val.sval.sval);
  if (nodeTag(&constant->val) == T_Integer && constant->val.ival.ival == 0) return "0";
  if (nodeTag(&constant->val) == T_Integer && constant->val.ival.ival == 1) return "1";
  return std::nullopt;
}

// As PostgreSQL's parse_bool, without its abbreviations.
std::optional<bool> constant_bool(const Node* node) {
  const auto text = constant_text(node);
  if (!text) return std::nullopt;
  for (const char* word : {"on", "true", "yes", "1", "t", "y"})
    if (is_same_word(*text, word)) return true;
  for (const char* word : {"off", "false", "no", "0", "f", "n"})
    if (is_same_word(*text, word)) return false;
  return std::nullopt;
}

std::optional<Isolation> constant_isolation(const Node* node) {
  const auto text = constant_text(node);
  if (!text) return std::nullopt;
  if (is_same_word(*text, "serializable")) return Isolation::serializable;
  if (is_same_word(*text, "repeatable read")) return Isolation::repeatable_read;
  if (is_same_word(*text, "read committed")) return Isolation::read_committed;
  if (is_same_word(*text, "read uncommitted")) return Isolation::read_uncommitted;
  return std::nullopt;
}

void add_mode(TransactionModes& modes, std::string_view name, const Node* value) {
  if (name.ends_with("read_only")) {
    modes.is_read_only = constant_bool(value);
    modes.is_unclear |= !modes.is_read_only;
  } else if (name.ends_with("isolation")) {
    modes.isolation = constant_isolation(value);
    modes.is_unclear |= !modes.isolation;
  } else {
    modes.is_deferrable = constant_bool(value);
    modes.is_unclear |= !modes.is_deferrable;
  }
}

bool is_default_transaction_setting(std::string_view name) {
  return name.starts_with("default_") && is_transaction_setting(name.substr(std::strlen("default_")));
}

// Whether some values of it change more than is carried (pin_of_setting).
bool hangs_on_value(const std::string& name) {
  return name == "session_authorization" || name == "client_encoding" || name == "standard_conforming_strings";
}

// No value: back to the default.
void add_step(StatementHead& head, const std::string& name, std::optional<std::string> value, bool is_list = false) {
  if (is_transaction_setting(name)) return;  // gone with the transaction
  if (const auto pin = pin_of_setting(name, value)) head.pins.add(*pin);
  if (name == "session_authorization") {
    if (!value) head.unpins.add(Unpin::reset_session_authorization);
    // It ends the role; without a value that goes back to the first one.
    head.steps.push_back(value ? SessionStep{.name = "role", .value = "none"} : SessionStep{.kind = SessionStepKind::reset, .name = "role"});
    return;
  }
  const auto kind = value ? SessionStepKind::set : SessionStepKind::reset;
  head.steps.push_back({.kind = kind, .is_list = is_list, .name = name, .value = value.value_or("")});
}

// SET TIME ZONE INTERVAL '+02:00' HOUR TO MINUTE, as PostgreSQL keeps it. Nothing for forms nobody uses.
std::optional<std::string> interval_text(const TypeCast* cast) {
  const auto text = constant_text(cast->arg);
  if (!text || text->empty() || text->size() > 6) return std::nullopt;
  const std::size_t sign = (*text)[0] == '+' || (*text)[0] == '-' ? 1 : 0;
  const std::size_t colon = text->find(':');
  if (colon == std::string_view::npos || colon == sign || colon + 3 != text->size()) return std::nullopt;
  if (text->substr(sign).find_first_not_of("0123456789:") != std::string_view::npos) return std::nullopt;
  return "INTERVAL '" + std::string(*text) + "'";
}

// One element of a SET's value, as PostgreSQL's flatten_set_variable_args has it.
std::optional<std::string> value_text(const Node* node) {
  if (nodeTag(node) == T_TypeCast) return interval_text(as<TypeCast>(node));
  if (nodeTag(node) != T_A_Const || as<A_Const>(node)->isnull) return std::nullopt;
  const auto& value = as<A_Const>(node)->val;
  switch (nodeTag(&value)) {
    case T_String: return std::string(text_or_empty(value.sval.sval));
    case T_Float: return std::string(text_or_empty(value.fval.fval));
    case T_Integer: return std::to_string(value.ival.ival);
    default: return std::nullopt;
  }
}

std::string quoted(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out.push_back(c);
    out.push_back(c);
  }
  return out + '"';
}

void add_assignment(StatementHead& head, const List* values) {
  const bool is_list = is_list_of_names(head.setting);
  std::string text;
  bool is_told = true;
  for_each_in(values, [&](const Node* node) {
    const auto one = value_text(node);
    is_told &= one.has_value() && (!is_list || nodeTag(&as<A_Const>(node)->val) == T_String);
    if (!text.empty()) text += ", ";
    text += is_list ? quoted(one.value_or("")) : one.value_or("");
  });
  if (!is_told) return head.pins.add(PinReason::setting);
  add_step(head, head.setting, text, is_list);
}

// SET TRANSACTION, SET TRANSACTION SNAPSHOT, SET SESSION CHARACTERISTICS: the grammar gives them names of their own.
StatementHead set_modes_head(const VariableSetStmt* statement) {
  const std::string_view name = text_or_empty(statement->name);
  StatementHead head{.kind = Kind::set_transaction, .modes_scope = ModesScope::this_transaction};
  if (name == "TRANSACTION SNAPSHOT") {
    head.modes.imports_snapshot = true;
    return head;
  }
  if (name == "SESSION CHARACTERISTICS")
    head = {.kind = Kind::set_session_characteristics, .modes_scope = ModesScope::session_default};
  add_modes(head.modes, statement->args);
  if (name != "SESSION CHARACTERISTICS" || statement->is_local) return head;
  for_each_in(statement->args, [&](const Node* option) {
    const auto* mode = as<DefElem>(option);
    add_step(head, "default_" + lowered(mode->defname), value_text(mode->arg));
  });
  return head;
}

bool is_builtin(const FuncCall* call, std::string_view wanted) {
  const auto [schema, name] = qualified_name(call->funcname);
  return name == wanted && (schema.empty() || schema == "pg_catalog");
}

bool is_null(const Node* node) { return nodeTag(node) == T_A_Const && as<A_Const>(node)->isnull; }

// A constant with or without a cast to the type the function takes anyway.
const Node* without_cast(const Node* node, std::string_view type) {
  if (nodeTag(node) != T_TypeCast || qualified_name(as<TypeCast>(node)->typeName->names).name != type) return node;
  return as<TypeCast>(node)->arg;
}

std::optional<bool> flag_of(const Node* node) {
  node = without_cast(node, "bool");
  if (nodeTag(node) == T_A_Const && !as<A_Const>(node)->isnull && nodeTag(&as<A_Const>(node)->val) == T_Boolean)
    return as<A_Const>(node)->val.boolval.boolval;
  return constant_bool(node);
}

const Node* argument(const FuncCall* call, int at) {
  return call->args != nullptr && call->args->length == 3 ? as<Node>(call->args->elements[at].ptr_value) : nullptr;
}

// The number of a parameter as a step keeps it; 0: it is none.
std::uint16_t parameter_of(const Node* node) {
  if (nodeTag(node) != T_ParamRef) return 0;
  const int number = as<ParamRef>(node)->number;
  return number < 1 || number > std::numeric_limits<std::uint16_t>::max() ? std::uint16_t{0} : static_cast<std::uint16_t>(number);
}

// The value is told by Bind. False: it would have to be known before.
bool add_bound(StatementHead& head, const std::string& name, std::uint16_t parameter) {
  if (hangs_on_value(name)) return false;
  const std::size_t before = head.steps.size();
  add_step(head, name, "");
  if (head.steps.size() > before) head.steps.back().parameter = parameter;
  return true;
}

// False: it cannot be told.
bool add_set_config(StatementHead& head, const FuncCall* call) {
  if (is_local_set_config(call)) return true;
  if (argument(call, 0) == nullptr || flag_of(argument(call, 2)) != false) return false;
  const Node* name = without_cast(argument(call, 0), "text");
  const Node* value = without_cast(argument(call, 1), "text");
  const auto name_text = constant_text(name);
  const auto new_value = constant_text(value);
  const std::uint16_t name_parameter = parameter_of(name), parameter = parameter_of(value);
  const bool is_string = new_value && nodeTag(&as<A_Const>(value)->val) == T_String;
  if ((!name_text && name_parameter == 0) || !(is_string || is_null(value) || parameter != 0)) return false;
  if (name_parameter != 0) {
    const auto kind = is_null(value) ? SessionStepKind::reset : SessionStepKind::set;
    head.steps.push_back({.kind = kind, .parameter = parameter, .name_parameter = name_parameter, .value = std::string(new_value.value_or(""))});
    return true;
  }
  const std::string plain = lowered(std::string(*name_text).c_str());
  if (parameter != 0) return add_bound(head, plain, parameter);
  add_step(head, plain, is_null(value) ? std::nullopt : std::optional<std::string>(*new_value));
  return true;
}

// It has one row, whatever the database holds.
bool is_bare(const SelectStmt* select) {
  return select->fromClause == nullptr && select->whereClause == nullptr && select->groupClause == nullptr &&
         select->havingClause == nullptr && select->valuesLists == nullptr && select->limitCount == nullptr &&
         select->limitOffset == nullptr && select->withClause == nullptr && select->op == SETOP_NONE &&
         select->intoClause == nullptr && select->distinctClause == nullptr;
}

}  // namespace

void add_modes(TransactionModes& modes, const List* options) {
  for_each_in(options, [&](const Node* option) {
    if (option != nullptr && nodeTag(option) == T_DefElem)
      add_mode(modes, text_or_empty(as<DefElem>(option)->defname), as<DefElem>(option)->arg);
  });
}

StatementHead set_head(const VariableSetStmt* statement) {
  StatementHead head;
  head.setting = lowered(statement->name);
  if (statement->kind == VAR_RESET_ALL) {
    head.kind = Kind::reset_parameter;
    head.setting = "all";
    head.unpins.add(Unpin::reset_all);
    head.steps.push_back({.kind = SessionStepKind::reset_all});
    return head;
  }
  if (statement->kind == VAR_SET_MULTI) return set_modes_head(statement);
  const Node* value = statement->args != nullptr ? as<Node>(statement->args->elements[0].ptr_value) : nullptr;
  if (is_transaction_setting(head.setting)) {
    head.kind = Kind::set_transaction;
    head.modes_scope = ModesScope::this_transaction;
    add_mode(head.modes, head.setting, value);
    return head;
  }
  if (statement->is_local) {
    head.kind = Kind::set_local;
    if (head.setting == "seed") head.pins.add(PinReason::seed);
    return head;
  }
  head.kind = statement->kind == VAR_RESET ? Kind::reset_parameter : Kind::set_parameter;
  if (head.setting == "session_authorization") head.kind = Kind::set_session_authorization;
  if (is_default_transaction_setting(head.setting)) {
    head.modes_scope = ModesScope::session_default;
    add_mode(head.modes, head.setting, value);
  }
  if (statement->kind == VAR_SET_VALUE) {
    add_assignment(head, statement->args);
  } else {
    add_step(head, head.setting, std::nullopt);
  }
  return head;
}

void add_settings_of_calls(StatementHead& head, const SelectStmt* select) {
  bool has_set_config = false;
  bool is_told = true;
  StatementHead told;
  for_each_in(select->targetList, [&](const Node* target) {
    const Node* value = nodeTag(target) == T_ResTarget ? as<ResTarget>(target)->val : target;
    if (value == nullptr || nodeTag(value) != T_FuncCall) {
      is_told &= value != nullptr && nodeTag(value) == T_A_Const;
    } else if (is_builtin(as<FuncCall>(value), "set_config")) {
      has_set_config = true;
      is_told = add_set_config(told, as<FuncCall>(value)) && is_told;
    } else {
      is_told &= is_builtin(as<FuncCall>(value), "current_setting");
    }
  });
  if (!has_set_config || !is_told || !is_bare(select)) return;
  head.steps = std::move(told.steps);
  head.pins.add(told.pins);
  head.unpins.add(told.unpins);
  head.are_calls_told = true;
}

bool is_local_set_config(const FuncCall* call) {
  return is_builtin(call, "set_config") && argument(call, 2) != nullptr && flag_of(argument(call, 2)) == true;
}

}  // namespace howdah
