// Which requests are writes of their own, outside transactions: what they do is done, or not, when they are answered. With
// commit_safety = strict their COMMIT waits for the transaction's id (wrapped_write.cpp): one of ours around them, or, where
// the client has sent a whole transaction at once, or the last statements of one with its COMMIT, its own, which is then sent
// apart. Rules without memory.
#pragma once

#include <string>
#include <string_view>

#include "gateway/session/session_memory.hpp"
#include "sql_router/traits.hpp"

namespace howdah {

bool is_write_apart(const Traits& traits);            // of a Query
bool is_write_apart(const session::BatchScan& scan);  // of a batch, all of which was seen

// A string that is a transaction, or the rest of one, without its COMMIT; empty if it is none that may be taken apart.
std::string until_commit(const Traits& traits, std::string_view sql);
// Whether a batch is one. What is bound in it is run in it, once each.
bool is_whole_transaction(const session::BatchScan& scan);
bool ends_with_commit(const session::BatchScan& scan);  // the rest of one
bool may_write(const session::BatchScan& scan);

}  // namespace howdah
