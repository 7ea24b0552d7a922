#include "tests/sim/sim_backend.hpp"

#include <fmt/format.h>

#include "gateway/wire/body.hpp"
#include "gateway/wire/client_messages.hpp"

namespace howdah::sim {

namespace {

constexpr Duration kFrozenTick = 20ms;
constexpr Duration kWaitTick = 5ms;  // for a lock, or for standbys

using wire::ServerTag;

}  // namespace

SimBackend::SimBackend(World& world, std::shared_ptr<SimLink> link)
    : world_(world),
      node_(link->node()),
      id_(++world.universe().last_process),
      generation_(world.node(node_).generation),
      link_(std::move(link)) {}

std::shared_ptr<SimBackend> SimBackend::start(World& world, std::shared_ptr<SimLink> link) {
  auto process = std::make_shared<SimBackend>(world, link);
  world.universe().processes[process->id_] = process;
  link->attach_server({[weak = std::weak_ptr(process)](std::string_view bytes) {
                         if (const auto self = weak.lock()) self->receive(bytes);
                       },
                       [weak = std::weak_ptr(process)](NodeFailure why) {
                         const auto self = weak.lock();
                         if (!self) return;
                         if (why != NodeFailure::closed) return self->end(ServerEnd::cut);
                         self->is_client_gone_ = true;  // noticed when it reads on
                         self->proceed();
                       }});
  return process;
}

wire::ParameterSet SimBackend::greeting() const {
  wire::ParameterSet parameters;
  parameters.set("application_name", "");
  parameters.set("client_encoding", "UTF8");
  parameters.set("in_hot_standby", world_.node(node_).in_recovery ? "on" : "off");
  parameters.set("server_version", "15.8");
  parameters.set("standard_conforming_strings", "on");
  return parameters;
}

void SimBackend::receive(std::string_view bytes) {
  input_ += bytes;
  proceed();
}

void SimBackend::cancel() {
  if (current_) is_cancelled_ = true;
}

void SimBackend::end(ServerEnd how) {
  if (is_over_) return;
  is_over_ = true;
  const auto self = shared_from_this();
  world_.universe().processes.erase(id_);
  if (generation_ == node().generation) end_transaction();
  if (how == ServerEnd::cut) return;  // its end of the connection is gone
  output_.clear();
  if (how == ServerEnd::crashed)
    say_error('N', "WARNING", "57P02", "terminating connection because of crash of another server process");
  if (how == ServerEnd::terminated && transaction_.record)
    say_error('N', "WARNING", "57P01", "canceling the wait for synchronous replication and terminating connection");
  else if (how == ServerEnd::terminated)
    say_error('E', "FATAL", "57P01", "terminating connection due to administrator command");
  if (!output_.empty()) link_->send_to_gateway(std::move(output_));
  link_->close_by_server();
}

std::string SimBackend::describe() const {
  if (is_over_) return "over";
  if (current_) return (is_copying_ ? "copies " : "runs ") + current_->tag;
  return is_finishing_ ? "commits" : transaction_.is_block ? "idle in transaction" : "idle";
}

void SimBackend::pause(Duration time) {
  is_paused_ = true;
  world_.after(time, [self = shared_from_this()] {
    self->is_paused_ = false;
    self->proceed();
  });
}

void SimBackend::proceed() {
  while (!is_over_ && !is_paused_) {
    if (generation_ != node().generation) return end(ServerEnd::cut);
    if (!node().answers()) return pause(kFrozenTick);
    if (current_) {
      if (!run_current()) return pause(kWaitTick);
    } else if (is_finishing_) {
      if (!finish()) return pause(kWaitTick);
    } else if (!query_.empty()) {
      const std::string sql = std::move(query_.front());
      query_.pop_front();
      if (sql.starts_with("SET ") || sql.starts_with("RESET ") || sql == "DISCARD ALL") set(sql);
      current_ = parse_statement(sql);
      pause(time_for(*current_));
    } else if (is_query_open_) {
      is_finishing_ = true;
    } else if (!take_message()) {
      if (is_client_gone_) end(ServerEnd::died);
      return;
    }
  }
}

Duration SimBackend::time_for(const Statement& statement) {
  if (statement.verb == Verb::commit && transaction_.xid != 0)
    return microseconds(200 + world_.rng().below(world_.rng().chance(0.05) ? 200'000 : 4000));
  if (!statement.writes() && !statement.has_rows()) return 20us;
  if (statement.writes() && world_.rng().chance(0.005)) return 3s;
  return microseconds(100 + world_.rng().below(5000));
}

std::optional<std::string> SimBackend::next_message() {
  if (input_.size() < wire::kHeaderSize) return std::nullopt;
  const std::size_t total = std::size_t{load_u32(input_.data() + 1)} + 1;
  if (input_.size() < total) return std::nullopt;
  std::string message = input_.substr(0, total);
  input_.erase(0, total);
  return message;
}

bool SimBackend::take_message() {
  const auto message = next_message();
  if (!message) return false;
  handle(message->front(), as_bytes(*message).subspan(wire::kHeaderSize));
  return true;
}

void SimBackend::handle(char tag, Bytes body) {
  if (tag == 'X') return end(ServerEnd::died);
  if (tag == 'S') {
    is_skipping_ = false;
    is_finishing_ = true;
    return;
  }
  if (is_skipping_) return;
  if (tag == 'Q') {
    for (std::string& one : split_statements(wire::parse_query(body)->sql)) query_.push_back(std::move(one));
    if (query_.empty()) wire::append_bodiless(output_, ServerTag::empty_query);
    is_query_open_ = true;
  } else if (tag == 'P') {
    const auto parse = wire::parse_parse(body);
    if (transaction_.is_failed && parse_statement(parse->sql).verb > Verb::rollback) return void(fail("25P02", "current transaction is aborted"));
    statements_[std::string(parse->statement)] = std::string(parse->sql);
    wire::append_bodiless(output_, ServerTag::parse_complete);
  } else if (tag == 'B') {
    bind(body);
  } else if (tag == 'D') {
    describe(body);
  } else if (tag == 'C') {
    const auto target = wire::parse_target(body);
    (target->target == wire::Target::statement ? statements_ : portals_).erase(std::string(target->name));
    wire::append_bodiless(output_, ServerTag::close_complete);
  } else if (tag == 'E') {
    const auto portal = portals_.find(wire::parse_execute(body)->portal);
    if (portal == portals_.end()) return void(fail("34000", "portal does not exist"));
    current_ = parse_statement(portal->second);
    pause(time_for(*current_));
  } else if (tag == 'H') {
    link_->send_to_gateway(std::exchange(output_, {}));
  }
}

// Parameters, as text, take their places in the statement.
void SimBackend::bind(Bytes body) {
  const auto head = wire::parse_bind_head(body, true);
  const auto statement = statements_.find((*head)->statement);
  if (statement == statements_.end())
    return void(fail("26000", fmt::format("prepared statement \"{}\" does not exist", (*head)->statement)));
  std::string sql = statement->second;
  wire::BodyReader reader(body.subspan((*head)->rest));
  for (int formats = reader.take_u16(); formats > 0; --formats) reader.take_u16();
  const int count = reader.take_u16();
  for (int i = 1; i <= count; ++i) {
    const std::string value(as_text(reader.take_bytes(reader.take_u32())));
    const std::string place = fmt::format("${}", i);
    if (const auto at = sql.find(place); at != std::string::npos) sql.replace(at, place.size(), i == 1 ? "'" + value + "'" : value);
  }
  portals_[std::string((*head)->portal)] = std::move(sql);
  wire::append_bodiless(output_, ServerTag::bind_complete);
}

void SimBackend::describe_rows(const Statement& statement) {
  if (!statement.has_rows()) return wire::append_bodiless(output_, ServerTag::no_data);
  std::vector<std::string_view> names{"tag", "value"};
  if (statement.verb == Verb::xid) names = {"xid"};
  if (statement.verb == Verb::look) names = {"exists"};
  wire::append_row_description(output_, names);
}

void SimBackend::describe(Bytes body) {
  const auto target = wire::parse_target(body);
  const bool is_statement = target->target == wire::Target::statement;
  const auto& known = is_statement ? statements_ : portals_;
  const auto found = known.find(target->name);
  if (found == known.end()) return void(fail(is_statement ? "26000" : "34000", "there is no such thing to describe"));
  const std::vector<std::uint32_t> types(found->second.find("$2") == std::string::npos ? 0 : 2, 25);
  if (is_statement) wire::append_parameter_description(output_, types);
  describe_rows(parse_statement(found->second));
}

// False: it waits.
bool SimBackend::run_current() {
  const Step step = std::exchange(is_cancelled_, false) && !transaction_.record
                        ? fail("57014", "canceling statement due to user request")
                        : run(*current_);
  if (step == Step::waits) return false;
  current_.reset();
  return true;
}

bool SimBackend::finish() {
  if (!transaction_.is_block && transaction_.is_begun && !commit()) return false;
  is_finishing_ = is_query_open_ = false;
  if (!transaction_.is_block) portals_.clear();
  const auto status = !transaction_.is_block    ? wire::TransactionStatus::idle
                      : transaction_.is_failed ? wire::TransactionStatus::failed
                                               : wire::TransactionStatus::in_block;
  if (std::exchange(is_told_read_only_, node().is_read_only) != node().is_read_only)
    wire::append_parameter_status(output_, "default_transaction_read_only", node().is_read_only ? "on" : "off");
  wire::append_ready(output_, status);
  link_->send_to_gateway(std::exchange(output_, {}));
  return true;
}

}  // namespace howdah::sim
