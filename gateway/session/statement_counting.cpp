// What the answers tell SHOW POOL_STATEMENTS: a statement is counted when its last answer has come, under the handle
// that went with its message through the ledger. Nothing here is reached while track_statements is 0.
#include "gateway/session/session_core.hpp"

namespace howdah {

using wire::ServerTag;

namespace {

// "SELECT 5", "INSERT 0 1": the number at the end of CommandComplete; none for other commands.
std::uint64_t rows_of(Bytes body) {
  std::string_view tag = as_text(body);
  while (tag.ends_with('\0')) tag.remove_suffix(1);
  std::uint64_t rows = 0;
  for (const char c : tag.substr(tag.rfind(' ') + 1)) {
    if (c < '0' || c > '9') return 0;
    rows = rows * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return tag.find(' ') == std::string_view::npos ? 0 : rows;
}

}  // namespace

// Fills in what is needed to count the answer of a message that is about to be owed.
Owed SessionCore::counted(Owed owed, StatementStatistics::Handle statement) const {
  owed.statement = statement;
  owed.reason = route_reason_;
  owed.sent_at = now_;
  return owed;
}

void SessionCore::count_portal(std::string_view portal, const TraitsPtr& traits, std::string_view sql) {
  if (!env_.statistics.is_on()) return;
  const auto statement = traits ? env_.statistics.find(traits, sql) : 0;
  if (portal.empty()) {
    counted_.unnamed = statement;
  } else {
    counted_.portals.insert_or_assign(std::string(portal), statement);
  }
}

StatementStatistics::Handle SessionCore::statement_of_portal(std::string_view portal) const {
  if (!env_.statistics.is_on()) return 0;
  if (portal.empty()) return counted_.unnamed;
  const auto found = counted_.portals.find(portal);
  return found == counted_.portals.end() ? 0 : found->second;
}

// An answer for the client, before its request is done with.
void SessionCore::count_answer(char tag, Bytes body) {
  if (tag == static_cast<char>(ServerTag::command_complete)) answer_.rows += rows_of(body);
  if (tag == static_cast<char>(ServerTag::portal_suspended)) return;  // more of it will be asked for
  const Owed* ended = backend_->ledger.ended();
  if (ended == nullptr || (ended->kind != AnswerKind::query && ended->kind != AnswerKind::execute)) return;
  count_ended(*ended, ended->kind == AnswerKind::query && !requests_.empty() && requests_.front().has_error);
}

void SessionCore::count_ended(const Owed& ended, bool has_failed) {
  const std::uint64_t rows = std::exchange(answer_.rows, 0);
  env_.statistics.count(ended.statement, {.node = backend_->node(),
                                          .reason = ended.reason,
                                          .pin = pin_reason(),
                                          .time = now_ - ended.sent_at,
                                          .rows = rows,
                                          .has_failed = has_failed});
}

}  // namespace howdah
