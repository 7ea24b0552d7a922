// Which of the client's statements have succeeded, so that what they do to its settings counts: the CommandCompletes of
// a Query come in the order of its statements, and each Execute has one of its own. Sessions that change no settings
// and make no savepoints pay a look at one flag.
#include <algorithm>

#include "conf/words.hpp"
#include "gateway/session/session_core.hpp"
#include "gateway/wire/body.hpp"
#include "sql_router/setting_pins.hpp"

namespace howdah {

namespace {

bool only_ends(const Traits& traits) {
  return traits.steps.size() == 1 && traits.steps.front().kind == SessionStepKind::end;
}

bool changes_settings(const Traits& traits) {
  return std::any_of(traits.steps.begin(), traits.steps.end(), [](const SessionStep& step) {
    return step.kind != SessionStepKind::savepoint && step.kind != SessionStepKind::release &&
           step.kind != SessionStepKind::rollback_to && step.kind != SessionStepKind::end;
  });
}

bool is_value_lower(const std::string* value, std::string_view wanted) {
  return value != nullptr && value->size() == wanted.size() &&
         std::equal(value->begin(), value->end(), wanted.begin(),
                    [](char a, char b) { return (a | 0x20) == (b | 0x20); });
}

// What is written otherwise is taken for off: then the primary runs what a replica might have.
bool is_on(const std::string* value) {
  for (const char* word : {"on", "true", "yes", "1", "t", "y"})
    if (is_value_lower(value, word)) return true;
  return false;
}

// What a Bind says of the step. What it does not tell pins. False: there is nothing to be carried.
bool bind_step(SessionStep& step, Bytes parameters, PinReasons& pins) {
  if (step.parameter != 0) {
    const auto value = wire::find_parameter(parameters, step.parameter);
    if (!value) pins.add(PinReason::setting);
    if (value && *value) step.value = **value;
    if (!value || !*value) step.kind = SessionStepKind::reset;
  }
  if (step.name_parameter == 0) return true;
  const auto name = wire::find_parameter(parameters, step.name_parameter);
  if (!name) {  // it may be any
    pins.add(PinReason::setting);
    pins.add(PinReason::session_authorization);
  }
  if (!name || !*name) return false;
  step.name = conf::lower_case(**name);
  const bool is_set = step.kind == SessionStepKind::set;
  if (const auto pin = pin_of_setting(step.name, is_set ? std::optional(step.value) : std::nullopt)) pins.add(*pin);
  if (step.name == "session_authorization") step = {.kind = step.kind, .statement = step.statement, .name = "role", .value = is_set ? "none" : ""};
  return !is_transaction_setting(step.name);
}

}  // namespace

// A statement of the newest request is about to be sent. The end of a transaction means something only if it holds
// changes.
void SessionCore::note_steps(Request& request, const Traits& traits) {
  if (traits.steps.empty()) return;
  if (only_ends(traits) && !settings_.has_steps_in_flight && !settings_.journal.is_open()) return;
  request.has_steps = settings_.has_steps_in_flight = true;
  // What comes behind may depend on them.
  if (changes_settings(traits)) request.is_barrier = true;
}

// `parameters`: what follows the names in the Bind; nothing if it has not all come.
void SessionCore::note_portal(std::string_view portal, std::string_view statement, Bytes parameters) {
  TraitsPtr traits = traits_of_statement(statement);
  if (traits != nullptr) traits = with_bound_values(traits_in_force(traits), parameters);
  const auto found = settings_.portals.find(portal);
  if (traits == nullptr || traits->steps.empty()) {
    if (found != settings_.portals.end()) settings_.portals.erase(found);
  } else if (found != settings_.portals.end()) {
    found->second = std::move(traits);
  } else {
    settings_.portals.emplace(portal, std::move(traits));
  }
}

// Its steps with the values a Bind has given them. What is not told ties the session to the connection.
TraitsPtr SessionCore::with_bound_values(const TraitsPtr& traits, Bytes parameters) {
  const auto is_bound = [](const SessionStep& step) { return step.parameter != 0 || step.name_parameter != 0; };
  if (std::none_of(traits->steps.begin(), traits->steps.end(), is_bound)) return traits;
  Traits told = *traits;
  PinReasons pins;
  std::erase_if(told.steps, [&](SessionStep& step) { return is_bound(step) && !bind_step(step, parameters, pins); });
  if (!pins.is_empty() && !requests_.empty()) {
    requests_.back().pinned.add(session::without(pins, pins_));
    requests_.back().has_pinned = true;  // a RESET ALL in the same batch may have come before
  }
  pins_.add(pins);
  return std::make_shared<const Traits>(std::move(told));
}

// The mark of the Execute's answer; 0: nothing is to be noted. A portal does its statement once, however often it is
// run.
std::uint64_t SessionCore::take_portal(std::string_view portal) {
  if (settings_.portals.empty()) return 0;
  const auto found = settings_.portals.find(portal);
  if (found == settings_.portals.end()) return 0;
  settings_.executed.push_back(std::move(found->second));
  settings_.portals.erase(found);
  settings_.has_steps_in_flight = true;
  return settings_.executed.size();
}

// A part of the answer to the request in front has come.
void SessionCore::note_done(char tag, Bytes body) {
  const bool is_complete = tag == static_cast<char>(wire::ServerTag::command_complete);
  if (!is_complete && tag != static_cast<char>(wire::ServerTag::portal_suspended)) return;
  const std::string_view command = is_complete ? wire::BodyReader(body).take_cstring() : std::string_view{};
  if (const Owed* ended = backend_->ledger.ended(); ended != nullptr) {
    if (ended->kind == AnswerKind::execute && ended->name.empty() && ended->tag != 0)
      take_steps(*settings_.executed[ended->tag - 1], 0, command);
    return;
  }
  Request& request = requests_.front();
  if (request.steps_of == nullptr) return;
  take_steps(*request.steps_of, request.statements_done++, command);
}

void SessionCore::take_steps(const Traits& traits, std::uint32_t statement, std::string_view tag) {
  for (const SessionStep& step : traits.steps) {
    if (step.statement != statement) continue;
    settings_.journal.take(step, tag, backend_->applied);
    note_new_settings();
    // What was set before is in the old encoding, and will not be read in it elsewhere.
    const bool is_encoding = step.name == "client_encoding" || step.kind == SessionStepKind::reset_all;
    if (is_encoding && !has_only_ascii(settings_.journal.settings_now().get())) pins_.add(PinReason::setting);
  }
}

// The request has ended, and its transaction perhaps before that.
void SessionCore::settle_journal(const Request& request) {
  settings_.journal.end_request(backend_->ledger.status(), request.has_error, backend_->applied);
  // SET DateStyle TO SQL keeps the order of day and month that was in force: the server tells what came of it.
  const std::string* style = backend_->reported.find("DateStyle");
  if (style != nullptr && !settings_.journal.is_open())
    settings_.journal.note_reported("datestyle", *style, backend_->applied);
  note_new_settings();
}

// The transaction whose connection was lost is told as committed.
void SessionCore::keep_settings() {
  settings_.journal.adopt(settings_.if_committed);
  note_new_settings();
}

void SessionCore::note_new_settings() {
  const CarriedSettings* settings = settings_.journal.settings().get();
  prepared_.scope.clear();
  for (const std::string_view part : {std::string_view(identity_.database), std::string_view(identity_.user)})
    (prepared_.scope += part) += '\0';
  append_reading_key(prepared_.scope, settings_.journal.settings_now().get());
  transaction_.is_default_read_only = is_on(find_setting(settings, "default_transaction_read_only"));
  const std::string* isolation = find_setting(settings, "default_transaction_isolation");
  transaction_.is_default_serializable = is_value_lower(isolation, "serializable");
  transaction_.is_default_read_committed = isolation == nullptr || is_value_lower(isolation, "read committed");
}

}  // namespace howdah
