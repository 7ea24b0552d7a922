#include "sql_router/pg_query_tree.hpp"

#include "sql_router/pg_query_heads.hpp"
#include "sql_router/pg_query_nodes.hpp"
#include "sql_router/pg_query_parse.hpp"
#include "sql_router/pg_query_settings.hpp"

#include <cstring>
#include <utility>
#include <vector>

namespace howdah {

namespace {

using Kind = StatementKind;

// An expression nested deeper than this is not examined. The server gives up before (max_stack_depth).
constexpr std::uint32_t kMaxDepth = 10'000;

// As many nodes wait at most to be visited in most statements.
constexpr std::size_t kUsualStack = 64;

// Visits everything below a node with a stack of its own: expressions may be nested as deeply as the text is long, and
// PostgreSQL's raw_expression_tree_walker would recurse and ends the process at a node it does not know.
class Walk {
 public:
  explicit Walk(TreeVisitor& visitor) : visitor_(visitor), wants_uses_(visitor.wants_uses()) { stack_.reserve(kUsualStack); }

  // False if something was nested too deeply to be looked at.
  bool run(const void* root) {
    depth_ = 0;
    push(root);
    while (!stack_.empty()) {
      const Frame frame = stack_.back();
      stack_.pop_back();
      depth_ = frame.depth;
      if (depth_ > kMaxDepth) return false;
      visit(frame.node);
    }
    return true;
  }

 private:
  struct Frame {
    const Node* node;
    std::uint32_t depth;
  };

  // The first is visited first, so that what is found first is what stands first.
  template <typename... Nodes>
  void push(const Nodes*... nodes) {
    const void* const all[] = {nodes...};
    for (std::size_t i = sizeof...(nodes); i-- > 0;) push_one(all[i]);
  }
  void push_one(const void* node) {
    if (node != nullptr) stack_.push_back({as<Node>(node), depth_ + 1});
  }

  void visit(const Node* node) {
    if (!visit_query(node) && !visit_from_item(node) && !visit_expression(node) && !is_leaf(node))
      visitor_.on_unknown_part();
  }

  bool visit_query(const Node* node);
  bool visit_from_item(const Node* node);
  bool visit_expression(const Node* node);
  void visit_select(const SelectStmt* select);
  bool wants_use();
  void visit_operator(const List* name);
  void visit_cast(const List* name);
  void visit_dotted(const List* parts, bool is_column);

  static bool is_leaf(const Node* node) {
    switch (nodeTag(node)) {
      case T_A_Const:
      case T_ParamRef:
      case T_A_Star:
      case T_String:
      case T_Integer:
      case T_Float:
      case T_Boolean:
      case T_BitString:
      case T_SetToDefault:
      case T_CurrentOfExpr:
      case T_TypeName:
      case T_ColumnDef:  // the column list of a function in FROM
        return true;
      default:
        return false;
    }
  }

  TreeVisitor& visitor_;
  const bool wants_uses_;
  bool has_told_use_ = false;
  std::vector<Frame> stack_;
  std::uint32_t depth_ = 0;
};

void Walk::visit_select(const SelectStmt* select) {
  if (select->intoClause != nullptr) visitor_.on_write(Kind::select_into);
  if (select->lockingClause != nullptr) visitor_.on_row_lock();
  push(select->targetList, select->fromClause, select->whereClause, select->withClause, select->larg, select->rarg,
       select->distinctClause, select->groupClause, select->havingClause, select->windowClause, select->valuesLists,
       select->sortClause, select->limitOffset, select->limitCount);
}

// Statements that may stand inside others, and the clauses only they have.
bool Walk::visit_query(const Node* node) {
  switch (nodeTag(node)) {
    case T_List:
      for (int i = as<List>(node)->length; i-- > 0;) push_one(as<List>(node)->elements[i].ptr_value);
      return true;
    case T_SelectStmt:
      visit_select(as<SelectStmt>(node));
      return true;
    case T_InsertStmt: {
      const auto* insert = as<InsertStmt>(node);
      visitor_.on_write(Kind::insert);
      push(insert->relation, insert->cols, insert->selectStmt, insert->onConflictClause, insert->returningList,
           insert->withClause);
      return true;
    }
    case T_UpdateStmt: {
      const auto* update = as<UpdateStmt>(node);
      visitor_.on_write(Kind::update);
      push(update->relation, update->targetList, update->whereClause, update->fromClause, update->returningList,
           update->withClause);
      return true;
    }
    case T_DeleteStmt: {
      const auto* deletion = as<DeleteStmt>(node);
      visitor_.on_write(Kind::delete_rows);
      push(deletion->relation, deletion->usingClause, deletion->whereClause, deletion->returningList,
           deletion->withClause);
      return true;
    }
    case T_MergeStmt: {
      const auto* merge = as<MergeStmt>(node);
      visitor_.on_write(Kind::merge);
      push(merge->relation, merge->sourceRelation, merge->joinCondition, merge->mergeWhenClauses, merge->withClause);
      return true;
    }
    case T_MergeWhenClause: {
      const auto* when = as<MergeWhenClause>(node);
      push(when->condition, when->targetList, when->values);
      return true;
    }
    case T_OnConflictClause: {
      const auto* conflict = as<OnConflictClause>(node);
      push(conflict->infer, conflict->targetList, conflict->whereClause);
      return true;
    }
    case T_InferClause:
      push(as<InferClause>(node)->indexElems, as<InferClause>(node)->whereClause);
      return true;
    case T_IndexElem:
      push(as<IndexElem>(node)->expr);
      return true;
    case T_WithClause:
      push(as<WithClause>(node)->ctes);
      return true;
    case T_CommonTableExpr: {
      const auto* cte = as<CommonTableExpr>(node);
      visitor_.on_common_table(text_or_empty(cte->ctename));
      push(cte->ctequery);
      if (cte->cycle_clause != nullptr)
        push(cte->cycle_clause->cycle_mark_value, cte->cycle_clause->cycle_mark_default);
      return true;
    }
    default:
      return false;
  }
}

bool Walk::visit_from_item(const Node* node) {
  switch (nodeTag(node)) {
    case T_RangeVar:
      visitor_.on_relation(text_or_empty(as<RangeVar>(node)->schemaname), text_or_empty(as<RangeVar>(node)->relname));
      return true;
    case T_JoinExpr:
      push(as<JoinExpr>(node)->larg, as<JoinExpr>(node)->rarg, as<JoinExpr>(node)->quals);
      return true;
    case T_RangeSubselect:
      push(as<RangeSubselect>(node)->subquery);
      return true;
    case T_RangeFunction:
      push(as<RangeFunction>(node)->functions);
      return true;
    case T_RangeTableFunc: {
      const auto* table = as<RangeTableFunc>(node);
      push(table->docexpr, table->rowexpr, table->namespaces, table->columns);
      return true;
    }
    case T_RangeTableFuncCol:
      push(as<RangeTableFuncCol>(node)->colexpr, as<RangeTableFuncCol>(node)->coldefexpr);
      return true;
    case T_RangeTableSample: {
      const auto* sample = as<RangeTableSample>(node);
      const auto [schema, name] = qualified_name(sample->method);
      // The two built-in methods only read; their handlers are marked volatile all the same.
      if (name != "bernoulli" && name != "system") visitor_.on_function(schema, name, {});
      push(sample->relation, sample->args, sample->repeatable);
      return true;
    }
    case T_WindowDef: {
      const auto* window = as<WindowDef>(node);
      push(window->partitionClause, window->orderClause, window->startOffset, window->endOffset);
      return true;
    }
    case T_SortBy:
      visit_operator(as<SortBy>(node)->useOp);
      push(as<SortBy>(node)->node);
      return true;
    case T_GroupingSet:
      push(as<GroupingSet>(node)->content);
      return true;
    default:
      return false;
  }
}

// Of current_setting('name'): which setting is asked for decides.
std::string_view first_constant(const List* arguments) {
  if (arguments == nullptr) return {};
  const auto* first = static_cast<const Node*>(linitial(arguments));
  if (nodeTag(first) == T_TypeCast) first = as<TypeCast>(first)->arg;  // 'name'::text, as views are written
  if (first == nullptr || nodeTag(first) != T_A_Const) return {};
  const auto* constant = as<A_Const>(first);
  return !constant->isnull && nodeTag(&constant->val) == T_String ? std::string_view(constant->val.sval.sval) : std::string_view{};
}

// There is a use: whether to tell its name.
bool Walk::wants_use() {
  if (!wants_uses_ && !std::exchange(has_told_use_, true)) visitor_.on_use({}, {}, {});
  return wants_uses_;
}

void Walk::visit_operator(const List* name) {
  if (name == nullptr || !wants_use()) return;
  const auto [schema, symbol] = qualified_name(name);
  visitor_.on_use(schema, {}, symbol);
}

void Walk::visit_cast(const List* name) {
  if (!wants_use()) return;
  const auto [schema, type] = qualified_name(name);
  visitor_.on_use(schema, "::", type);
}

// row.f may be f(row). A name alone is a column.
void Walk::visit_dotted(const List* parts, bool is_column) {
  if ((is_column && list_length(parts) < 2) || !wants_use()) return;
  for_each_in(parts, [&](const Node* part) {
    if (part != nullptr && nodeTag(part) == T_String) visitor_.on_use({}, ".", text_or_empty(as<String>(part)->sval));
  });
}

bool Walk::visit_expression(const Node* node) {
  switch (nodeTag(node)) {
    case T_ColumnRef: visit_dotted(as<ColumnRef>(node)->fields, true); return true;
    case T_FuncCall: {
      const auto* call = as<FuncCall>(node);
      const auto [schema, name] = qualified_name(call->funcname);
      if (is_local_set_config(call)) {
        visitor_.on_local_set_config();
      } else {
        visitor_.on_function(schema, name, first_constant(call->args));
      }
      push(call->args, call->agg_order, call->agg_filter, call->over);
      return true;
    }
    case T_SQLValueFunction:
      // The dates and times come first in the enumeration, then the roles and names.
      if (as<SQLValueFunction>(node)->op < SVFOP_CURRENT_ROLE) visitor_.on_transaction_time();
      return true;
    case T_A_Expr:
      visit_operator(as<A_Expr>(node)->name);
      push(as<A_Expr>(node)->lexpr, as<A_Expr>(node)->rexpr);
      return true;
    case T_BoolExpr: push(as<BoolExpr>(node)->args); return true;
    case T_ResTarget: push(as<ResTarget>(node)->val, as<ResTarget>(node)->indirection); return true;
    case T_MultiAssignRef: push(as<MultiAssignRef>(node)->source); return true;
    case T_TypeCast:
      visit_cast(as<TypeCast>(node)->typeName->names);
      push(as<TypeCast>(node)->arg);
      return true;
    case T_CollateClause: push(as<CollateClause>(node)->arg); return true;
    case T_SubLink:
      visit_operator(as<SubLink>(node)->operName);
      push(as<SubLink>(node)->testexpr, as<SubLink>(node)->subselect);
      return true;
    case T_CaseExpr:
      push(as<CaseExpr>(node)->arg, as<CaseExpr>(node)->args, as<CaseExpr>(node)->defresult);
      return true;
    case T_CaseWhen: push(as<CaseWhen>(node)->expr, as<CaseWhen>(node)->result); return true;
    case T_RowExpr: push(as<RowExpr>(node)->args); return true;
    case T_CoalesceExpr: push(as<CoalesceExpr>(node)->args); return true;
    case T_MinMaxExpr: push(as<MinMaxExpr>(node)->args); return true;
    case T_NullTest: push(as<NullTest>(node)->arg); return true;
    case T_BooleanTest: push(as<BooleanTest>(node)->arg); return true;
    case T_NamedArgExpr: push(as<NamedArgExpr>(node)->arg); return true;
    case T_GroupingFunc: push(as<GroupingFunc>(node)->args); return true;
    case T_XmlExpr: push(as<XmlExpr>(node)->named_args, as<XmlExpr>(node)->args); return true;
    case T_XmlSerialize: push(as<XmlSerialize>(node)->expr); return true;
    case T_A_ArrayExpr: push(as<A_ArrayExpr>(node)->elements); return true;
    case T_A_Indirection:
      visit_dotted(as<A_Indirection>(node)->indirection, false);
      push(as<A_Indirection>(node)->arg, as<A_Indirection>(node)->indirection);
      return true;
    case T_A_Indices: push(as<A_Indices>(node)->lidx, as<A_Indices>(node)->uidx); return true;
    default: return false;
  }
}

// Tells the statement and what stands inside it. Of utility statements only the parts that are run are looked at.
class StatementWalk {
 public:
  explicit StatementWalk(TreeVisitor& visitor) : visitor_(visitor), walk_(visitor) {}

  bool run(const Node* node) {
    visitor_.on_statement(head_of(node));
    return run_inside(node);
  }

 private:
  bool run_inside(const Node* node) {
    switch (nodeTag(node)) {
      case T_SelectStmt:
      case T_InsertStmt:
      case T_UpdateStmt:
      case T_DeleteStmt:
      case T_MergeStmt: return walk_.run(node);
      case T_CopyStmt: return run_copy(as<CopyStmt>(node));
      case T_CallStmt: return walk_.run(as<CallStmt>(node)->funccall);
      case T_ExecuteStmt:
        visitor_.on_statement_name(text_or_empty(as<ExecuteStmt>(node)->name));
        return walk_.run(as<ExecuteStmt>(node)->params);
      case T_DeallocateStmt:
        if (const char* name = as<DeallocateStmt>(node)->name; name != nullptr) visitor_.on_statement_name(name);
        return true;
      case T_PrepareStmt:  // runs nothing of it
        visitor_.on_statement_name(text_or_empty(as<PrepareStmt>(node)->name));
        return true;
      case T_ExplainStmt: return run_nested(as<ExplainStmt>(node)->query);
      case T_DeclareCursorStmt: return run_nested(as<DeclareCursorStmt>(node)->query);
      case T_CreateTableAsStmt: return run_nested(as<CreateTableAsStmt>(node)->query);
      case T_DoStmt: return run_code(as<DoStmt>(node));
      default: return true;
    }
  }

  bool run_code(const DoStmt* block) {
    std::string_view language;
    std::string_view text;
    for_each_in(block->args, [&](const Node* arg) {
      const auto* option = as<DefElem>(arg);
      if (option->arg == nullptr || nodeTag(option->arg) != T_String) return;
      const bool is_language = text_or_empty(option->defname) == "language";
      (is_language ? language : text) = text_or_empty(as<String>(option->arg)->sval);
    });
    visitor_.on_code(language, text);
    return true;
  }

  bool run_copy(const CopyStmt* copy) {
    if (copy->relation != nullptr && !walk_.run(copy->relation)) return false;
    return copy->query == nullptr || walk_.run(copy->query);
  }

  // EXPLAIN CREATE TABLE AS ..., EXPLAIN EXECUTE ... nest once more; the grammar allows no deeper nesting.
  bool run_nested(const Node* node) {
    if (node == nullptr) return true;
    switch (nodeTag(node)) {
      case T_SelectStmt:
      case T_InsertStmt:
      case T_UpdateStmt:
      case T_DeleteStmt:
      case T_MergeStmt: return walk_.run(node);
      default:
        visitor_.on_write(head_of(node).kind);
        return run_inside(node);
    }
  }

  TreeVisitor& visitor_;
  Walk walk_;
};

}  // namespace

ParseOutcome visit_statements(const char* text, TreeVisitor& visitor) {
  const Parse parse(text);
  if (!parse.is_good()) return ParseOutcome::unparsable;
  StatementWalk walk(visitor);
  bool is_seen_whole = true;
  for_each_in(parse.statements(), [&](const Node* raw) {
    if (is_seen_whole) is_seen_whole = walk.run(as<RawStmt>(raw)->stmt);
  });
  return is_seen_whole ? ParseOutcome::parsed : ParseOutcome::too_deep;
}

ParseOutcome visit_prepared(const char* text, TreeVisitor& visitor) {
  const Parse parse(text);
  if (!parse.is_good() || list_length(parse.statements()) != 1) return ParseOutcome::unparsable;
  const Node* statement = as<RawStmt>(parse.statements()->elements[0].ptr_value)->stmt;
  if (nodeTag(statement) != T_PrepareStmt) return ParseOutcome::unparsable;
  return StatementWalk(visitor).run(as<PrepareStmt>(statement)->query) ? ParseOutcome::parsed : ParseOutcome::too_deep;
}

std::vector<std::size_t> statement_ends(const char* text) {
  const Parse parse(text);
  std::vector<std::size_t> ends;
  if (!parse.is_good()) return ends;
  for_each_in(parse.statements(), [&](const Node* raw) {
    const auto* statement = as<RawStmt>(raw);
    ends.push_back(statement->stmt_len == 0 ? std::strlen(text)
                                            : static_cast<std::size_t>(statement->stmt_location + statement->stmt_len));
  });
  return ends;
}

std::optional<std::size_t> first_statement_end(const char* text) {
  const std::vector<std::size_t> ends = statement_ends(text);
  return ends.empty() ? std::nullopt : std::optional(ends.front());
}

}  // namespace howdah
