// A primary that somebody else has closed for writes, by default_transaction_read_only: a gateway that this one has lost sight
// of puts another in its place, or an operator works on it. What it refuses with 25006 has done nothing and waits, unseen,
// until the view tells who is primary next; a transaction that has begun there read-only is run again. Not for longer than
// kDownAfterWord: a function may say the same, and so does a server of which nobody takes over. Rules without memory.
#pragma once

#include <string_view>

#include "gateway/session/request.hpp"
#include "gateway/session/session_memory.hpp"
#include "gateway/wire/parameter_status.hpp"
#include "health/cluster_view.hpp"

namespace howdah {

// The client, or its role, has not asked for a transaction that is read-only.
bool is_refusal_of_others(std::string_view sqlstate, const session::Transaction& transaction);

// So the server says itself (14 and later), with the answer to BEGIN.
bool is_closed_by_others(const wire::ParameterSet& reported, const session::Transaction& transaction);

// What was refused can be sent again: all of it is kept, and the client has seen nothing.
bool may_wait_for_next_primary(const Request& request);

// A primary refuses something. Sent again, it may be refused and wait again, but not for ever.
void note_refusal(session::Rerun& rerun, NodeId node, Epoch epoch, Instant now);
bool may_refuse_again(const std::optional<session::Refusal>& refusal, Instant now);

// Nobody has taken over from the one that refused.
bool is_next_primary_awaited(const session::Refusal& refusal, const ClusterView& view, Instant now);

}  // namespace howdah
