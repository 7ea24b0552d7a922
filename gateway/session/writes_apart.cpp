#include "gateway/session/writes_apart.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "sql_router/pg_query_tree.hpp"
#include "sql_router/text_form.hpp"

namespace howdah {

using namespace session;

namespace {

bool has_no_lasting_state(const Traits& traits) { return without(traits.pins, kLoosely).is_empty(); }

bool leaves_something(const Traits& traits) { return traits.verdict.may_write || traits.notifies; }

bool divides_only(const Traits& traits) {
  return std::all_of(traits.steps.begin(), traits.steps.end(), [](const SessionStep& step) {
    return step.kind == SessionStepKind::savepoint || step.kind == SessionStepKind::release ||
           step.kind == SessionStepKind::rollback_to || step.kind == SessionStepKind::end;
  });
}

// Nothing about it is different in a transaction of its own.
bool is_wrappable(const Traits& traits) {
  return traits.fits_in_block && !traits.has_transaction_control && has_no_lasting_state(traits);
}

bool is_copy_apart(const Traits& traits) {
  return traits.kind == StatementKind::copy_from_client && traits.statement_count == 1 && has_no_lasting_state(traits);
}

bool are_wrapped_together(std::span<const Traits* const> statements) {
  return std::all_of(statements.begin(), statements.end(), [](const Traits* traits) { return is_wrappable(*traits); }) &&
         std::any_of(statements.begin(), statements.end(), [](const Traits* traits) { return leaves_something(*traits); });
}

bool is_single(const Traits* traits, TransactionControl control) {
  return traits != nullptr && traits->statement_count == 1 && traits->transaction == control;
}

bool may_stand_inside(const Traits* traits) {
  if (traits == nullptr || traits->statement_count != 1 || !has_no_lasting_state(*traits)) return false;
  return may_run_in_block(traits->kind);
}

bool may_stand_before_commit(std::span<const Traits* const> statements) {
  return std::all_of(statements.begin(), statements.end(), may_stand_inside);
}

// Each Bind is of an Execute, up to a Sync.
bool runs_each_once(const BatchScan& scan) { return scan.is_ended && scan.executed.size() == scan.bound.size(); }

bool leaves_nothing(const BatchScan& scan) {
  return std::all_of(scan.traits.begin(), scan.traits.end(), [](const Traits* traits) { return has_no_lasting_state(*traits); });
}

}  // namespace

bool is_write_apart(const Traits& traits) {
  const Traits* const one = &traits;
  return are_wrapped_together({&one, 1}) || is_copy_apart(traits) || (traits.is_whole_transaction && leaves_something(traits));
}

bool is_write_apart(const BatchScan& scan) {
  return !scan.is_preparing_only && (are_wrapped_together(scan.traits) || is_whole_transaction(scan));
}

std::string until_commit(const Traits& traits, std::string_view sql) {
  const bool brings_commit = traits.is_whole_transaction || traits.ends_with_commit;
  if (!brings_commit || !has_no_lasting_state(traits) || !divides_only(traits)) return {};
  const std::vector<std::size_t> ends = statement_ends(std::string(sql).c_str());
  return ends.size() < 2 ? std::string{} : std::string(sql.substr(0, ends[ends.size() - 2]));
}

bool is_whole_transaction(const BatchScan& scan) {
  const auto& executed = scan.executed;
  if (executed.size() < 3 || !runs_each_once(scan)) return false;
  return is_single(executed.front(), TransactionControl::begin) && is_single(executed.back(), TransactionControl::commit) &&
         may_stand_before_commit(std::span(executed).subspan(1, executed.size() - 2)) && leaves_nothing(scan) && may_write(scan);
}

bool may_write(const BatchScan& scan) {
  return std::any_of(scan.traits.begin(), scan.traits.end(), [](const Traits* traits) { return leaves_something(*traits); });
}

bool ends_with_commit(const BatchScan& scan) {
  const auto& executed = scan.executed;
  return executed.size() >= 2 && runs_each_once(scan) && is_single(executed.back(), TransactionControl::commit) &&
         may_stand_before_commit(std::span(executed).first(executed.size() - 1)) && leaves_nothing(scan);
}

}  // namespace howdah
