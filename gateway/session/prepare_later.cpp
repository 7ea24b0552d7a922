// A client that only prepares statements (libpq's PQprepare, which blocks) must not wait for a server connection which
// others, perhaps of the same thread, hold in their transactions. If none is free, it is answered here, and a server
// gets the Parse when the statement is bound: at once for a text that a server has taken before, after some patience
// for one that is new. What is wrong with the text then shows as an error of its first Bind.
#include <algorithm>

#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

namespace {

constexpr Duration kPrepareLater = 200ms;  // longer than connections are waited for where transactions are short

}  // namespace

// When the batch at hand, which waits for a server connection, can do without; nothing: never.
std::optional<Instant> SessionCore::prepare_later_time() const {
  if (is_replaying() || !scan_.is_preparing_only || !scan_.is_ended || backend_ != nullptr || !since_.waiting) return std::nullopt;
  bool is_accepted = true;
  const std::string scope = statement_scope();
  for (const BatchParse& parse : scan_.parsed) {
    const bool is_sound = parse.traits->parse == ParseOutcome::parsed && parse.traits->statement_count == 1;
    if (parse.name.empty() || !is_sound || prepared_.statements.contains(parse.name)) return std::nullopt;
    is_accepted &= env_.catalog.is_accepted(scope, parse.sql, parse.types);
  }
  if (scan_.parsed.empty()) return std::nullopt;
  return is_accepted ? *since_.waiting : *since_.waiting + kPrepareLater;
}

bool SessionCore::is_time_to_prepare_later() {
  const auto time = std::exchange(prepared_.later_at, std::nullopt);
  if (!time || *time > now_ || backend_ != nullptr) return false;
  since_.waiting.reset();
  return true;
}

void SessionCore::stop_waiting_to_prepare() {
  if (waiting_ == Waiting::lease) out_->push(ForgetLease{});
  waiting_ = Waiting::nothing;
  since_.retry_at.reset();
}

// A ParseComplete.
void SessionCore::note_accepted(const Owed& owed) {
  if (const PreparedStatementPtr statement = statement_of(owed)) statement->is_accepted = true;
}

}  // namespace howdah
