#include "gateway/io/secret_asker.hpp"

#include <algorithm>

#include "gateway/io/random.hpp"

namespace howdah {

namespace {

constexpr std::size_t kMostSecrets = 10'000;
constexpr auto kLongestQuestion = 10s;
constexpr auto kLongestIdle = 60s;

// Why, is only for the log: whoever hears this has not shown who it is.
Error cannot_ask() { return {ErrorCode::environment, "the password could not be looked up"}; }

}  // namespace

SecretAsker::SecretAsker(LoopParts& parts, WorkerConfigPtr config, int number)
    : parts_(parts),
      config_(std::move(config)),
      number_(number),
      view_(std::make_shared<ClusterView>()),
      cache_(kMostSecrets),
      timer_(parts.reactor.timers(), [this] { on_time_up(); }) {}

SecretAsker::~SecretAsker() = default;

const AuthSource* SecretAsker::source() const {
  const auto found = config_->auth_sources.find(number_);
  return found == config_->auth_sources.end() ? nullptr : &found->second;
}

void SecretAsker::ask(const std::string& user, Then then) {
  if (source() == nullptr) return then(cannot_ask());  // taken out of the file since this client came
  if (const auto* known = cache_.find(user, parts_.reactor.now(), config_->auth_cache_lifetime))
    return then(Result<login::StoredSecret>(*known));
  const auto same = std::find_if(queue_.begin(), queue_.end(), [&](const Waiting& w) { return w.user == user; });
  if (same != queue_.end()) return same->askers.push_back(std::move(then));
  queue_.push_back({user, {std::move(then)}});
  if (queue_.size() == 1) go_on();
}

void SecretAsker::set_config(WorkerConfigPtr config) {
  config_ = std::move(config);
  cache_.clear();
  if (source() == nullptr) return fail_all(cannot_ask());
  if (queue_.empty()) drop_link();  // whom to ask may have changed
}

// The first in the queue is asked about, on the connection there is or on a new one.
void SecretAsker::go_on() {
  timer_.set({});
  if (queue_.empty()) {
    if (link_) timer_.set(parts_.reactor.now() + kLongestIdle);
    return;
  }
  link_ ? send_question() : connect();
}

void SecretAsker::connect() {
  const NodeView* node = view_->primary_node();
  for (const NodeView& candidate : view_->nodes)
    if (node == nullptr && candidate.is_usable()) node = &candidate;
  if (node == nullptr)
    return parts_.reactor.defer([this] { fail_all({ErrorCode::no_node, "no server is available to look up the password"}); });
  DialTarget target;
  target.host = node->host;
  target.port = node->port;
  target.timeout = config_->server_connect_timeout;
  target.tcp = config_->server_tcp;
  target.tls = config_->tls_client;
  login::ServerLoginFacts facts;
  facts.user = source()->user;
  facts.database = source()->database;
  facts.credential = source()->credential;
  facts.parameters = {{"application_name", "howdah"}, {"client_encoding", "UTF8"}};
  fill_random(facts.scram_nonce);
  link_ = std::make_unique<BackendLink>(parts_, static_cast<BackendLink::Owner&>(*this), BackendId{});
  link_->open(std::move(target), std::move(facts));
}

void SecretAsker::on_backend_open(BackendLink& link, login::ServerLoginDone) {
  if (&link == link_.get()) go_on();
}

void SecretAsker::send_question() {
  std::string out;
  question_.emplace();
  question_->start(source()->query, queue_.front().user, out);
  const Bytes bytes = as_bytes(out);
  link_->write(std::span(&bytes, 1));
  timer_.set(parts_.reactor.now() + kLongestQuestion);
}

void SecretAsker::on_backend_bytes(BackendLink& link, Bytes bytes) {
  if (&link != link_.get()) return;
  if (!question_) return drop_link();  // said unasked: that it is going away, most likely
  const auto result = question_->step(bytes);
  if (!result) return;
  if (!question_->is_over()) drop_link();
  answer(*result);
}

void SecretAsker::answer(const Result<login::StoredSecret>& result) {
  question_.reset();
  const Waiting asked = std::move(queue_.front());
  queue_.pop_front();
  if (result)
    cache_.keep(asked.user, *result, parts_.reactor.now());
  else
    parts_.log.warn("auth_query failed user=\"{}\" why=\"{}\"", asked.user, to_text(result.error()));
  const Result<login::StoredSecret> told = result ? result : Result<login::StoredSecret>(cannot_ask());
  for (const Then& then : asked.askers) then(told);
  go_on();
}

void SecretAsker::on_backend_open_failed(BackendLink& link, OpenFailure failure) {
  if (&link != link_.get()) return;
  const auto* ours = std::get_if<Error>(&failure.error);
  const std::string why = ours != nullptr ? to_text(*ours)
                                          : std::string(std::get<wire::ServerError>(failure.error).view().message());
  parts_.log.warn("cannot log in for auth_query user=\"{}\" db=\"{}\" why=\"{}\"", source()->user,
                  source()->database, why);
  drop_link();
  fail_all(cannot_ask());
}

void SecretAsker::on_backend_gone(BackendLink& link, std::string why) {
  if (&link != link_.get()) return;
  drop_link();
  if (queue_.empty()) return timer_.set({});
  // The connection may have died long ago: one more try on a new one.
  if (!std::exchange(queue_.front().was_retried, true)) return go_on();
  answer(Error{ErrorCode::backend_connection_lost, std::move(why)});
}

void SecretAsker::on_time_up() {
  drop_link();
  if (!queue_.empty()) answer(Error{ErrorCode::environment, "no answer in time"});
}

void SecretAsker::fail_all(const Error& error) {
  timer_.set({});
  drop_link();
  for (const Waiting& waiting : std::exchange(queue_, {}))
    for (const Then& then : waiting.askers) then(error);
}

void SecretAsker::drop_link() {
  question_.reset();
  if (!link_) return;
  link_->close();
  if (graveyard_.empty()) parts_.reactor.defer([this] { graveyard_.clear(); });
  graveyard_.push_back(std::move(link_));
}

}  // namespace howdah
