#include "sql_router/pg_query_heads.hpp"

#include <strings.h>

#include <cctype>
#include <cstring>
#include <optional>
#include <string>

#include "sql_router/pg_query_nodes.hpp"

namespace howdah {

namespace {

using Kind = StatementKind;

std::string lowered(const char* text) {
  std::string result(text_or_empty(text));
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

bool is_temp(const RangeVar* relation) {
  return relation != nullptr && (relation->relpersistence == RELPERSISTENCE_TEMP ||
                                 text_or_empty(relation->schemaname).starts_with("pg_temp"));
}

bool is_temp(const List* name) { return qualified_name(name).schema.starts_with("pg_temp"); }

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

bool is_same_word(std::string_view text, const char* word) {
  return text.size() == std::strlen(word) && strncasecmp(text.data(), word, text.size()) == 0;
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

void add_modes(TransactionModes& modes, const List* options) {
  for_each_in(options, [&](const Node* option) {
    if (option != nullptr && nodeTag(option) == T_DefElem)
      add_mode(modes, text_or_empty(as<DefElem>(option)->defname), as<DefElem>(option)->arg);
  });
}

StatementHead transaction_head(const TransactionStmt* statement) {
  using enum TransactionControl;
  const bool chain = statement->chain;
  StatementHead head;
  const auto become = [&head](Kind kind, TransactionControl control) {
    head.kind = kind;
    head.transaction = control;
  };
  switch (statement->kind) {
    case TRANS_STMT_BEGIN:
    case TRANS_STMT_START:
      become(Kind::begin, begin);
      head.modes_scope = ModesScope::this_transaction;
      add_modes(head.modes, statement->options);
      break;
    case TRANS_STMT_COMMIT: become(Kind::commit, chain ? commit_and_chain : commit); break;
    case TRANS_STMT_ROLLBACK: become(Kind::rollback, chain ? rollback_and_chain : rollback); break;
    case TRANS_STMT_SAVEPOINT: become(Kind::savepoint, savepoint); break;
    case TRANS_STMT_RELEASE: become(Kind::release, release); break;
    case TRANS_STMT_ROLLBACK_TO: become(Kind::rollback_to, rollback_to); break;
    case TRANS_STMT_PREPARE: become(Kind::prepare_transaction, prepare_transaction); break;
    case TRANS_STMT_COMMIT_PREPARED: become(Kind::commit_prepared, commit_prepared); break;
    case TRANS_STMT_ROLLBACK_PREPARED: become(Kind::rollback_prepared, rollback_prepared); break;
  }
  return head;
}

bool is_transaction_setting(std::string_view name) {
  return name == "transaction_read_only" || name == "transaction_isolation" || name == "transaction_deferrable";
}

bool is_default_transaction_setting(std::string_view name) {
  return name.starts_with("default_") && is_transaction_setting(name.substr(std::strlen("default_")));
}

void pin_by_setting(StatementHead& head, const VariableSetStmt* statement) {
  const bool is_reset = statement->kind == VAR_RESET || statement->kind == VAR_SET_DEFAULT;
  if (head.setting == "session_authorization") {
    head.kind = Kind::set_session_authorization;
    if (is_reset)
      head.unpins.add(Unpin::reset_session_authorization);
    else
      head.pins.add(PinReason::session_authorization);
  } else if (head.setting == "role") {
    head.pins.add(PinReason::session_authorization);
  } else if (head.setting == "seed") {
    head.pins.add(PinReason::seed);
  } else {
    head.pins.add(PinReason::setting);
  }
}

// SET TRANSACTION, SET TRANSACTION SNAPSHOT, SET SESSION CHARACTERISTICS: the grammar gives them names of their own.
StatementHead set_modes_head(const VariableSetStmt* statement) {
  const std::string_view name = text_or_empty(statement->name);
  StatementHead head{.kind = Kind::set_transaction, .modes_scope = ModesScope::this_transaction};
  if (name == "TRANSACTION SNAPSHOT") {
    head.modes.imports_snapshot = true;
    return head;
  }
  if (name == "SESSION CHARACTERISTICS") {
    head = {.kind = Kind::set_session_characteristics, .modes_scope = ModesScope::session_default};
    head.pins.add(PinReason::setting);
  }
  add_modes(head.modes, statement->args);
  return head;
}

StatementHead set_head(const VariableSetStmt* statement) {
  StatementHead head;
  head.setting = lowered(statement->name);
  if (statement->kind == VAR_RESET_ALL) {
    head.kind = Kind::reset_parameter;
    head.setting = "all";
    head.unpins.add(Unpin::reset_all);
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
    return head;
  }
  head.kind = statement->kind == VAR_RESET ? Kind::reset_parameter : Kind::set_parameter;
  if (is_default_transaction_setting(head.setting)) {
    head.modes_scope = ModesScope::session_default;
    add_mode(head.modes, head.setting, value);
  }
  pin_by_setting(head, statement);
  return head;
}

StatementHead discard_head(const DiscardStmt* statement) {
  StatementHead head{.kind = Kind::discard};
  switch (statement->target) {
    case DISCARD_ALL: head.unpins.add(Unpin::discard_all); break;
    case DISCARD_PLANS: head.unpins.add(Unpin::discard_plans); break;
    case DISCARD_SEQUENCES: head.unpins.add(Unpin::discard_sequences); break;
    case DISCARD_TEMP: head.unpins.add(Unpin::discard_temp); break;
  }
  return head;
}

StatementHead copy_head(const CopyStmt* statement) {
  if (statement->filename != nullptr || statement->is_program) return {.kind = Kind::copy_on_server};
  if (statement->is_from) return {.kind = Kind::copy_from_client, .copy = CopyDirection::from_client};
  return {.kind = Kind::copy_to_client, .copy = CopyDirection::to_client};
}

StatementHead explain_head(const ExplainStmt* statement) {
  StatementHead head{.kind = Kind::explain, .runs_its_inner = false};
  for_each_in(statement->options, [&](const Node* option) {
    const auto* element = as<DefElem>(option);
    if (text_or_empty(element->defname) != "analyze") return;
    // ANALYZE alone, or with a value; whatever is not plainly "off" runs it.
    const Node* value = element->arg;
    const bool is_off = value != nullptr && ((nodeTag(value) == T_String && is_same_word(strVal(value), "off")) ||
                                             (nodeTag(value) == T_String && is_same_word(strVal(value), "false")) ||
                                             (nodeTag(value) == T_Integer && intVal(value) == 0));
    head.runs_its_inner = !is_off;
  });
  return head;
}

// Constants and parameters, signed or cast: there is nothing in them to run.
bool is_plain(const List* arguments) {
  bool plain = true;
  for_each_in(arguments, [&](const Node* argument) {
    while (nodeTag(argument) == T_TypeCast) argument = as<TypeCast>(argument)->arg;
    if (nodeTag(argument) == T_A_Expr && as<A_Expr>(argument)->lexpr == nullptr &&
        as<A_Expr>(argument)->rexpr != nullptr && qualified_name(as<A_Expr>(argument)->name).name == "-")
      argument = as<A_Expr>(argument)->rexpr;
    plain &= nodeTag(argument) == T_A_Const || nodeTag(argument) == T_ParamRef;
  });
  return plain;
}

StatementHead temp_head(Kind kind, bool is_temporary) {
  return {.kind = kind, .pins = is_temporary ? PinReasons{PinReason::temp_table} : PinReasons{}};
}

StatementHead pinning_head(Kind kind, PinReason reason) { return {.kind = kind, .pins = reason}; }

// Statements that only touch the session, and those that create something which may be temporary.
std::optional<StatementHead> session_head(const Node* node) {
  switch (nodeTag(node)) {
    case T_VariableSetStmt: return set_head(as<VariableSetStmt>(node));
    case T_VariableShowStmt:
      return StatementHead{.kind = Kind::show, .setting = lowered(as<VariableShowStmt>(node)->name)};
    case T_DiscardStmt: return discard_head(as<DiscardStmt>(node));
    case T_PrepareStmt:
      return StatementHead{.kind = Kind::prepare, .prepared_name = text_or_empty(as<PrepareStmt>(node)->name)};
    case T_ExecuteStmt:
      return StatementHead{.kind = Kind::execute,
                           .prepared_name = text_or_empty(as<ExecuteStmt>(node)->name),
                           .has_plain_arguments = is_plain(as<ExecuteStmt>(node)->params)};
    case T_DeallocateStmt: {
      StatementHead head{.kind = Kind::deallocate, .prepared_name = text_or_empty(as<DeallocateStmt>(node)->name)};
      if (head.prepared_name.empty()) head.unpins.add(Unpin::deallocate_all);
      return head;
    }
    case T_DeclareCursorStmt: {
      const bool is_held = (as<DeclareCursorStmt>(node)->options & CURSOR_OPT_HOLD) != 0;
      return is_held ? pinning_head(Kind::declare_cursor, PinReason::hold_cursor)
                     : StatementHead{.kind = Kind::declare_cursor};
    }
    case T_ClosePortalStmt: {
      StatementHead head{.kind = Kind::close_cursor};
      if (as<ClosePortalStmt>(node)->portalname == nullptr) head.unpins.add(Unpin::close_all);
      return head;
    }
    case T_ListenStmt: return pinning_head(Kind::listen, PinReason::listen);
    case T_UnlistenStmt: {
      StatementHead head{.kind = Kind::unlisten};
      if (as<UnlistenStmt>(node)->conditionname == nullptr) head.unpins.add(Unpin::unlisten_all);
      return head;
    }
    case T_LoadStmt: return pinning_head(Kind::load, PinReason::load);
    case T_DoStmt: return pinning_head(Kind::do_block, PinReason::opaque);
    case T_CallStmt: return StatementHead{.kind = Kind::call};  // what it calls decides
    default: return std::nullopt;
  }
}

std::optional<StatementHead> creating_head(const Node* node) {
  switch (nodeTag(node)) {
    case T_CreateStmt: return temp_head(Kind::create_table, is_temp(as<CreateStmt>(node)->relation));
    case T_CreateTableAsStmt: {
      const auto* create = as<CreateTableAsStmt>(node);
      return temp_head(Kind::create_table_as, create->into != nullptr && is_temp(create->into->rel));
    }
    case T_ViewStmt: return temp_head(Kind::create_view, is_temp(as<ViewStmt>(node)->view));
    case T_CreateSeqStmt: return temp_head(Kind::create_sequence, is_temp(as<CreateSeqStmt>(node)->sequence));
    case T_CreateFunctionStmt: return temp_head(Kind::create_function, is_temp(as<CreateFunctionStmt>(node)->funcname));
    case T_CompositeTypeStmt: return temp_head(Kind::create_type, is_temp(as<CompositeTypeStmt>(node)->typevar));
    case T_CreateEnumStmt: return temp_head(Kind::create_type, is_temp(as<CreateEnumStmt>(node)->typeName));
    case T_CreateRangeStmt: return temp_head(Kind::create_type, is_temp(as<CreateRangeStmt>(node)->typeName));
    case T_CreateDomainStmt: return temp_head(Kind::create_domain, is_temp(as<CreateDomainStmt>(node)->domainname));
    case T_DefineStmt: return temp_head(Kind::create_object, is_temp(as<DefineStmt>(node)->defnames));
    default: return std::nullopt;
  }
}

struct PlainKind {
  NodeTag tag;
  Kind kind;
};

// Kinds of which the node's tag says everything; the frequent ones first.
constexpr PlainKind kPlainKinds[] = {
    {T_InsertStmt, Kind::insert},
    {T_UpdateStmt, Kind::update},
    {T_DeleteStmt, Kind::delete_rows},
    {T_MergeStmt, Kind::merge},
    {T_ConstraintsSetStmt, Kind::set_constraints},
    {T_FetchStmt, Kind::fetch},
    {T_NotifyStmt, Kind::notify},
    {T_LockStmt, Kind::lock_table},
    {T_CheckPointStmt, Kind::checkpoint},
    {T_VacuumStmt, Kind::vacuum},
    {T_ClusterStmt, Kind::cluster},
    {T_ReindexStmt, Kind::reindex},
    {T_TruncateStmt, Kind::truncate},
    {T_RefreshMatViewStmt, Kind::refresh_materialized_view},
    {T_CommentStmt, Kind::comment},
    {T_SecLabelStmt, Kind::security_label},
    {T_GrantStmt, Kind::grant},
    {T_GrantRoleStmt, Kind::grant_role},
    {T_AlterDefaultPrivilegesStmt, Kind::alter_default_privileges},
    {T_DropOwnedStmt, Kind::drop_owned},
    {T_ReassignOwnedStmt, Kind::reassign_owned},
    {T_IndexStmt, Kind::create_index},
    {T_CreateSchemaStmt, Kind::create_schema},
    {T_CreateTrigStmt, Kind::create_trigger},
    {T_CreateEventTrigStmt, Kind::create_trigger},
    {T_RuleStmt, Kind::create_rule},
    {T_CreateAmStmt, Kind::create_object},
    {T_CreateCastStmt, Kind::create_object},
    {T_CreateConversionStmt, Kind::create_object},
    {T_CreateOpClassStmt, Kind::create_object},
    {T_CreateOpFamilyStmt, Kind::create_object},
    {T_CreatePLangStmt, Kind::create_object},
    {T_CreatePolicyStmt, Kind::create_object},
    {T_CreateStatsStmt, Kind::create_object},
    {T_CreateTransformStmt, Kind::create_object},
    {T_CreateRoleStmt, Kind::create_role},
    {T_CreatedbStmt, Kind::create_database},
    {T_CreateTableSpaceStmt, Kind::create_tablespace},
    {T_CreateExtensionStmt, Kind::create_extension},
    {T_CreateFdwStmt, Kind::create_foreign},
    {T_CreateForeignTableStmt, Kind::create_foreign},
    {T_CreateForeignServerStmt, Kind::create_foreign},
    {T_CreateUserMappingStmt, Kind::create_foreign},
    {T_ImportForeignSchemaStmt, Kind::create_foreign},
    {T_CreatePublicationStmt, Kind::create_publication},
    {T_CreateSubscriptionStmt, Kind::create_subscription},
    {T_AlterTableStmt, Kind::alter_table},
    {T_AlterSeqStmt, Kind::alter_sequence},
    {T_AlterFunctionStmt, Kind::alter_function},
    {T_AlterTypeStmt, Kind::alter_type},
    {T_AlterEnumStmt, Kind::alter_type},
    {T_AlterDomainStmt, Kind::alter_type},
    {T_RenameStmt, Kind::alter_object},
    {T_AlterOwnerStmt, Kind::alter_object},
    {T_AlterObjectSchemaStmt, Kind::alter_object},
    {T_AlterObjectDependsStmt, Kind::alter_object},
    {T_AlterCollationStmt, Kind::alter_object},
    {T_AlterEventTrigStmt, Kind::alter_object},
    {T_AlterOperatorStmt, Kind::alter_object},
    {T_AlterOpFamilyStmt, Kind::alter_object},
    {T_AlterPolicyStmt, Kind::alter_object},
    {T_AlterStatsStmt, Kind::alter_object},
    {T_AlterTSConfigurationStmt, Kind::alter_object},
    {T_AlterTSDictionaryStmt, Kind::alter_object},
    {T_AlterRoleStmt, Kind::alter_role},
    {T_AlterRoleSetStmt, Kind::alter_role},
    {T_AlterDatabaseStmt, Kind::alter_database},
    {T_AlterDatabaseSetStmt, Kind::alter_database},
    {T_AlterDatabaseRefreshCollStmt, Kind::alter_database},
    {T_AlterTableSpaceOptionsStmt, Kind::alter_tablespace},
    {T_AlterTableMoveAllStmt, Kind::alter_tablespace},
    {T_AlterExtensionStmt, Kind::alter_extension},
    {T_AlterExtensionContentsStmt, Kind::alter_extension},
    {T_AlterFdwStmt, Kind::alter_foreign},
    {T_AlterForeignServerStmt, Kind::alter_foreign},
    {T_AlterUserMappingStmt, Kind::alter_foreign},
    {T_AlterPublicationStmt, Kind::alter_publication},
    {T_AlterSubscriptionStmt, Kind::alter_subscription},
    {T_AlterSystemStmt, Kind::alter_system},
    {T_DropStmt, Kind::drop_object},
    {T_DropRoleStmt, Kind::drop_role},
    {T_DropdbStmt, Kind::drop_database},
    {T_DropTableSpaceStmt, Kind::drop_tablespace},
    {T_DropUserMappingStmt, Kind::drop_user_mapping},
    {T_DropSubscriptionStmt, Kind::drop_subscription},
};

Kind plain_kind(NodeTag tag) {
  for (const PlainKind& plain : kPlainKinds)
    if (plain.tag == tag) return plain.kind;
  return Kind::unknown;
}

}  // namespace

StatementHead head_of(const Node* node) {
  switch (nodeTag(node)) {
    case T_SelectStmt: {
      const IntoClause* into = as<SelectStmt>(node)->intoClause;
      return into == nullptr ? StatementHead{.kind = Kind::select} : temp_head(Kind::select_into, is_temp(into->rel));
    }
    case T_TransactionStmt: return transaction_head(as<TransactionStmt>(node));
    case T_CopyStmt: return copy_head(as<CopyStmt>(node));
    case T_ExplainStmt: return explain_head(as<ExplainStmt>(node));
    default: break;
  }
  if (const auto head = session_head(node)) return *head;
  if (const auto head = creating_head(node)) return *head;
  return {.kind = plain_kind(nodeTag(node))};
}

}  // namespace howdah
