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
    case T_PrepareStmt: {
      StatementHead head = pinning_head(Kind::prepare, PinReason::prepared);
      head.prepared_name = text_or_empty(as<PrepareStmt>(node)->name);
      return head;
    }
    case T_ExecuteStmt:
      return StatementHead{.kind = Kind::execute, .prepared_name = text_or_empty(as<ExecuteStmt>(node)->name)};
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
    case T_CallStmt: return pinning_head(Kind::call, PinReason::opaque);
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

// Kinds of which the node's tag says everything.
Kind plain_kind(NodeTag tag) {
  switch (tag) {
    case T_InsertStmt: return Kind::insert;
    case T_UpdateStmt: return Kind::update;
    case T_DeleteStmt: return Kind::delete_rows;
    case T_MergeStmt: return Kind::merge;
    case T_ConstraintsSetStmt: return Kind::set_constraints;
    case T_FetchStmt: return Kind::fetch;
    case T_NotifyStmt: return Kind::notify;
    case T_LockStmt: return Kind::lock_table;
    case T_CheckPointStmt: return Kind::checkpoint;
    case T_VacuumStmt: return Kind::vacuum;
    case T_ClusterStmt: return Kind::cluster;
    case T_ReindexStmt: return Kind::reindex;
    case T_TruncateStmt: return Kind::truncate;
    case T_RefreshMatViewStmt: return Kind::refresh_materialized_view;
    case T_CommentStmt: return Kind::comment;
    case T_SecLabelStmt: return Kind::security_label;
    case T_GrantStmt: return Kind::grant;
    case T_GrantRoleStmt: return Kind::grant_role;
    case T_AlterDefaultPrivilegesStmt: return Kind::alter_default_privileges;
    case T_DropOwnedStmt: return Kind::drop_owned;
    case T_ReassignOwnedStmt: return Kind::reassign_owned;
    case T_IndexStmt: return Kind::create_index;
    case T_CreateSchemaStmt: return Kind::create_schema;
    case T_CreateTrigStmt:
    case T_CreateEventTrigStmt: return Kind::create_trigger;
    case T_RuleStmt: return Kind::create_rule;
    case T_CreateAmStmt:
    case T_CreateCastStmt:
    case T_CreateConversionStmt:
    case T_CreateOpClassStmt:
    case T_CreateOpFamilyStmt:
    case T_CreatePLangStmt:
    case T_CreatePolicyStmt:
    case T_CreateStatsStmt:
    case T_CreateTransformStmt: return Kind::create_object;
    case T_CreateRoleStmt: return Kind::create_role;
    case T_CreatedbStmt: return Kind::create_database;
    case T_CreateTableSpaceStmt: return Kind::create_tablespace;
    case T_CreateExtensionStmt: return Kind::create_extension;
    case T_CreateFdwStmt:
    case T_CreateForeignTableStmt:
    case T_CreateForeignServerStmt:
    case T_CreateUserMappingStmt:
    case T_ImportForeignSchemaStmt: return Kind::create_foreign;
    case T_CreatePublicationStmt: return Kind::create_publication;
    case T_CreateSubscriptionStmt: return Kind::create_subscription;
    case T_AlterTableStmt: return Kind::alter_table;
    case T_AlterSeqStmt: return Kind::alter_sequence;
    case T_AlterFunctionStmt: return Kind::alter_function;
    case T_AlterTypeStmt:
    case T_AlterEnumStmt:
    case T_AlterDomainStmt: return Kind::alter_type;
    case T_RenameStmt:
    case T_AlterOwnerStmt:
    case T_AlterObjectSchemaStmt:
    case T_AlterObjectDependsStmt:
    case T_AlterCollationStmt:
    case T_AlterEventTrigStmt:
    case T_AlterOperatorStmt:
    case T_AlterOpFamilyStmt:
    case T_AlterPolicyStmt:
    case T_AlterStatsStmt:
    case T_AlterTSConfigurationStmt:
    case T_AlterTSDictionaryStmt: return Kind::alter_object;
    case T_AlterRoleStmt:
    case T_AlterRoleSetStmt: return Kind::alter_role;
    case T_AlterDatabaseStmt:
    case T_AlterDatabaseSetStmt:
    case T_AlterDatabaseRefreshCollStmt: return Kind::alter_database;
    case T_AlterTableSpaceOptionsStmt:
    case T_AlterTableMoveAllStmt: return Kind::alter_tablespace;
    case T_AlterExtensionStmt:
    case T_AlterExtensionContentsStmt: return Kind::alter_extension;
    case T_AlterFdwStmt:
    case T_AlterForeignServerStmt:
    case T_AlterUserMappingStmt: return Kind::alter_foreign;
    case T_AlterPublicationStmt: return Kind::alter_publication;
    case T_AlterSubscriptionStmt: return Kind::alter_subscription;
    case T_AlterSystemStmt: return Kind::alter_system;
    case T_DropStmt: return Kind::drop_object;
    case T_DropRoleStmt: return Kind::drop_role;
    case T_DropdbStmt: return Kind::drop_database;
    case T_DropTableSpaceStmt: return Kind::drop_tablespace;
    case T_DropUserMappingStmt: return Kind::drop_user_mapping;
    case T_DropSubscriptionStmt: return Kind::drop_subscription;
    default: return Kind::unknown;
  }
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
