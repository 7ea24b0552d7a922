// A message for Howdah itself in an extended batch that is open at a server. The answers the server owes for what came
// before it go first: a Flush of ours makes the server send them. If the server has failed meanwhile, the message is
// skipped with the rest of the batch; if the message fails, the server is made to fail too, so that the batch stays one
// implicit transaction (manual "Extended Query", "Pipelining").
#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

using wire::ClientTag;

// Only asked where there can be one, so that other batches pay nothing.
bool SessionCore::is_local_message(Bytes input, Head head) {
  if (input.size() < head.total) return false;  // it is looked at when it is whole; one for a server may be streamed
  const Bytes body = input.subspan(wire::kHeaderSize, head.total - wire::kHeaderSize);
  const auto is_ours = [this](std::string_view name) {
    const TraitsPtr traits = traits_of_statement(name);
    return traits != nullptr && is_local(*traits);
  };
  switch (static_cast<ClientTag>(head.tag)) {
    case ClientTag::parse: {
      const auto parse = wire::parse_parse(body);
      return parse && parse->sql.size() <= options_.max_parse_size &&
             is_local(*traits_of(parse->sql));
    }
    case ClientTag::bind: {
      const auto bind = wire::parse_bind_head(body, true);
      return bind && *bind && is_ours((*bind)->statement);
    }
    case ClientTag::execute: {
      const auto execute = wire::parse_execute(body);
      return execute && local_.portals.contains(execute->portal);
    }
    case ClientTag::describe:
    case ClientTag::close: {
      const auto target = wire::parse_target(body);
      if (!target) return false;
      return target->target == wire::Target::portal ? local_.portals.contains(target->name) : is_ours(target->name);
    }
    default: return false;
  }
}

// What an open batch is owed would otherwise come at its Sync.
void SessionCore::bring_answers() {
  if (std::exchange(answer_.is_flush_sent, true)) return;
  build_.clear();
  wire::append_flush(build_);
  to_server_copy(as_bytes(build_));
}

std::size_t SessionCore::consume_local_in_batch(Bytes input, Head head) {
  if (owes()) return bring_answers(), 0;
  give_up_replay(ReplayObstacle::gateway_command);
  requests_.back().note_answered_here();
  return consume_local(input, head);
}

// A portal of a server that takes the name of one of ours.
void SessionCore::forget_local_portal(std::string_view name) {
  if (const auto found = local_.portals.find(name); found != local_.portals.end()) local_.portals.erase(found);
}

}  // namespace howdah
