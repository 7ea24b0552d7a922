// RESET goes back to what the client asked for in its startup packet, and the server knows only its own default. Between
// two requests that is put right unseen (settings_carry.cpp). What stands behind a RESET in the same string or batch would
// come too early for that: there a statement of ours follows the RESET, and nobody sees its answer.
#include <algorithm>
#include <charconv>

#include "gateway/session/session_core.hpp"
#include "gateway/session/sql_literal.hpp"
#include "sql_router/pg_query_tree.hpp"

namespace howdah {

using namespace session;

namespace {

constexpr std::string_view kPutBack = "howdah_put_back";  // statement and portal, for that long

// A list of names is put back by a query, and SET TRANSACTION must come before the first: what is put back behind `statement` can
// wait for what sets modes there. `ends`: of the statements of `sql`.
std::uint32_t behind_modes(std::uint32_t statement, std::string_view sql, const std::vector<std::size_t>& ends, const auto& traits_of) {
  for (; statement + 1 < ends.size(); ++statement) {
    const std::size_t begin = ends[statement] + 1;
    if (!sets_only_modes(*traits_of(sql.substr(begin, ends[statement + 1] - begin)))) break;
  }
  return statement;
}

}  // namespace

// The client's string with our statements in it; empty if it needs none.
std::string SessionCore::with_resets_put_right(std::string_view sql, const Traits& traits, Request& request) {
  if (traits.statement_count < 2 || traits.steps.empty()) return {};
  for (const SessionStep& step : traits.steps) {
    if (step.statement + 1 == traits.statement_count) continue;  // the last can wait
    for (SessionStep& set : settings_.journal.startup_of(step))
      request.put_back.push_back({.behind = step.statement, .set = std::move(set)});
  }
  if (request.put_back.empty()) return {};
  const std::vector<std::size_t> ends = statement_ends(std::string(sql).c_str());
  for (PutBack& one : request.put_back)
    one.behind = behind_modes(one.behind, sql, ends, [this](std::string_view part) { return traits_of(part); });
  std::erase_if(request.put_back, [&](const PutBack& one) { return one.behind + 1 == ends.size(); });
  if (request.put_back.empty()) return {};
  std::string changed;
  std::size_t taken = 0;
  for (PutBack& one : request.put_back) {
    const std::size_t end = ends[one.behind];
    const std::string own = "\n;" + setting_statement(one.set);
    one.position = characters_in(sql.substr(0, end));
    one.length = characters_in(own);
    changed.append(sql.substr(taken, end - taken)) += own;
    taken = end;
  }
  return changed.append(sql.substr(taken));
}

void SessionCore::note_put_back(char tag) {
  if (tag != static_cast<char>(wire::ServerTag::command_complete)) return;
  Request& request = requests_.front();
  settings_.journal.take(request.put_back[request.put_back_done++].set, {}, backend_->applied);
  note_new_settings();
}

// An error points into the string as it was sent to the server.
Bytes SessionCore::with_own_position(Bytes message, const wire::ErrorView& error) {
  const std::string_view told = error.field(wire::ErrorField::position);
  std::size_t position = 0;
  if (std::from_chars(told.data(), told.data() + told.size(), position).ec != std::errc()) return message;
  std::size_t before = 0;
  for (const PutBack& one : requests_.front().put_back)
    if (position > one.position + before + one.length) before += one.length;
  std::string body(as_text(message.subspan(wire::kHeaderSize)));
  const auto at = static_cast<std::size_t>(told.data() - message.data()) - wire::kHeaderSize;
  body.replace(at, told.size(), std::to_string(position - before));
  build_.clear();
  wire::append_header(build_, message[0], static_cast<std::uint32_t>(body.size()));
  build_ += body;
  return scratch_.keep(as_bytes(build_));
}

// Behind an Execute that has been sent, unless the batch is it alone; `executed`: its mark (take_portal).
void SessionCore::put_back_in_batch(std::uint64_t executed) {
  if (requests_.back().is_one_statement && !requests_.back().is_beyond_scan) return;  // it can wait, as at the end of a string
  const TraitsPtr reset = settings_.executed[executed - 1];
  const auto send = [this](AnswerKind kind, std::uint64_t tag = 0) {
    to_server_copy(as_bytes(build_));
    backend_->ledger.owe({kind, Audience::nobody, tag});
    build_.clear();
  };
  const auto put_back = [&](const SessionStep& set) {
    constexpr char kNothing[] = {0, 0, 0, 0, 0, 0};  // no types; no formats, no parameters, no result formats
    build_.clear();
    wire::append_parse_as(build_, kPutBack, setting_statement(set), Bytes(kNothing, 2));
    send(AnswerKind::parse);
    wire::append_bind_head(build_, kPutBack, kPutBack, sizeof kNothing);
    build_.append(kNothing, sizeof kNothing);
    send(AnswerKind::bind);
    Traits own;
    own.steps.push_back(set);
    settings_.executed.push_back(std::make_shared<const Traits>(std::move(own)));
    wire::append_execute(build_, kPutBack);
    send(AnswerKind::execute, settings_.executed.size());
    wire::append_close(build_, wire::Target::portal, kPutBack);
    send(AnswerKind::close);
    wire::append_close(build_, wire::Target::statement, kPutBack);
    send(AnswerKind::close);
  };
  for (const SessionStep& step : reset->steps)
    for (const SessionStep& set : settings_.journal.startup_of(step)) put_back(set);
}

}  // namespace howdah
