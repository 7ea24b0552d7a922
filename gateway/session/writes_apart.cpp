#include "gateway/session/writes_apart.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "sql_router/pg_query_tree.hpp"

namespace howdah {

using namespace session;

namespace {

bool has_no_lasting_state(const Traits& traits) { return without(traits.pins, kLoosely).is_empty(); }

bool has_only_ends(const Traits& traits) {
  return std::all_of(traits.steps.begin(), traits.steps.end(),
                     [](const SessionStep& step) { return step.kind == SessionStepKind::end; });
}

// Nothing about it is different in a transaction of its own.
bool is_wrappable(const Traits& traits) {
  return traits.is_about_rows && !traits.has_transaction_control && has_no_lasting_state(traits);
}

bool are_wrapped_together(std::span<const Traits* const> statements) {
  return std::all_of(statements.begin(), statements.end(), [](const Traits* traits) { return is_wrappable(*traits); }) &&
         std::any_of(statements.begin(), statements.end(), [](const Traits* traits) { return traits->verdict.may_write; });
}

bool is_single(const Traits* traits, TransactionControl control) {
  return traits != nullptr && traits->statement_count == 1 && traits->transaction == control;
}

bool may_stand_inside(const Traits* traits) {
  if (traits == nullptr || traits->statement_count != 1 || !has_no_lasting_state(*traits)) return false;
  return is_wrappable(*traits) || traits->kind == StatementKind::set_local || traits->kind == StatementKind::lock_table;
}

}  // namespace

bool is_write_apart(const Traits& traits) {
  const Traits* const one = &traits;
  return are_wrapped_together({&one, 1}) || (traits.is_whole_transaction && traits.verdict.may_write);
}

bool is_write_apart(const BatchScan& scan) {
  return !scan.is_preparing_only && (are_wrapped_together(scan.traits) || is_whole_transaction(scan));
}

std::string until_commit(const Traits& traits, std::string_view sql) {
  if (!traits.is_whole_transaction || !has_no_lasting_state(traits) || !has_only_ends(traits)) return {};
  const std::vector<std::size_t> ends = statement_ends(std::string(sql).c_str());
  return ends.size() < 2 ? std::string{} : std::string(sql.substr(0, ends[ends.size() - 2]));
}

bool is_whole_transaction(const BatchScan& scan) {
  const auto& executed = scan.executed;
  if (!scan.is_ended || executed.size() < 3 || executed.size() != scan.bound.size()) return false;
  return is_single(executed.front(), TransactionControl::begin) && is_single(executed.back(), TransactionControl::commit) &&
         std::all_of(executed.begin() + 1, executed.end() - 1, may_stand_inside) &&
         std::all_of(scan.traits.begin(), scan.traits.end(), [](const Traits* traits) { return has_no_lasting_state(*traits); }) &&
         std::any_of(executed.begin(), executed.end(), [](const Traits* traits) { return traits->verdict.may_write; });
}

}  // namespace howdah
