// Before DROP DATABASE and its like, the pools' idle connections to that database are closed, in all workers: Howdah tells
// itself to RECONNECT it, and the statement waits for that.
#include "gateway/session/reconnect_order.hpp"
#include "gateway/session/session_core.hpp"
#include "sql_router/database_to_free.hpp"

namespace howdah {

using namespace session;

namespace {

bool may_want_database(StatementKind kind) {
  return kind == StatementKind::drop_database || kind == StatementKind::create_database || kind == StatementKind::alter_object;
}

}  // namespace

// The statement has its server connection. True: it must wait, and comes again with the answer, which lets it pass.
bool SessionCore::must_free_database(const Traits& traits, std::string_view sql) {
  if (!may_want_database(traits.kind) || traits.statement_count != 1) return false;
  const auto name = database_to_free(sql);
  if (!name || client_status() != TransactionStatus::idle) return false;  // in a transaction the server refuses it
  if (owes()) return true;  // then nothing comes between the answer and the statement
  if (std::exchange(local_.answer, std::nullopt)) return false;
  waiting_ = Waiting::local;
  out_->push(AskLocal{reconnect_order(*name), nullptr});
  return true;
}

}  // namespace howdah
