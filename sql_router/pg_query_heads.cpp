#include "sql_router/pg_query_heads.hpp"

#include <optional>
#include <string>

#include "sql_router/pg_query_nodes.hpp"
#include "sql_router/pg_query_settings.hpp"

namespace howdah {

namespace {

using Kind = StatementKind;

bool is_temp(const RangeVar* relation) {
  return relation != nullptr && (relation->relpersistence == RELPERSISTENCE_TEMP ||
                                 text_or_empty(relation->schemaname).starts_with("pg_temp"));
}

bool is_temp(const List* name) { return qualified_name(name).schema.starts_with("pg_temp"); }

std::optional<SessionStepKind> step_of(TransactionControl control) {
  switch (control) {
    case TransactionControl::savepoint: return SessionStepKind::savepoint;
    case TransactionControl::release: return SessionStepKind::release;
    case TransactionControl::rollback_to: return SessionStepKind::rollback_to;
    case TransactionControl::commit:
    case TransactionControl::commit_and_chain:
    case TransactionControl::rollback:
    case TransactionControl::rollback_and_chain:
    case TransactionControl::prepare_transaction: return SessionStepKind::end;
    default: return std::nullopt;
  }
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
  head.gid = text_or_empty(statement->gid);
  if (const auto step = step_of(head.transaction))
    head.steps.push_back({.kind = *step, .name = std::string(text_or_empty(statement->savepoint_name))});
  return head;
}

StatementHead discard_head(const DiscardStmt* statement) {
  StatementHead head{.kind = Kind::discard};
  switch (statement->target) {
    case DISCARD_ALL:
      head.unpins.add(Unpin::discard_all);
      head.steps.push_back({.kind = SessionStepKind::discard_all});
      break;
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

void add_executed(StatementHead& head, const ExecuteStmt* statement) {
  head.prepared_name = text_or_empty(statement->name);
  head.has_plain_arguments = is_plain(statement->params);
}

StatementHead explain_head(const ExplainStmt* statement) {
  StatementHead head{.kind = Kind::explain, .runs_its_inner = false};
  if (nodeTag(statement->query) == T_ExecuteStmt) add_executed(head, as<ExecuteStmt>(statement->query));
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
    case T_PrepareStmt:
      return StatementHead{.kind = Kind::prepare, .prepared_name = text_or_empty(as<PrepareStmt>(node)->name)};
    case T_ExecuteStmt: {
      StatementHead head{.kind = Kind::execute};
      add_executed(head, as<ExecuteStmt>(node));
      return head;
    }
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
    case T_DoStmt: return StatementHead{.kind = Kind::do_block};  // so does its text
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
      if (into != nullptr) return temp_head(Kind::select_into, is_temp(into->rel));
      StatementHead head{.kind = Kind::select};
      add_settings_of_calls(head, as<SelectStmt>(node));
      return head;
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
