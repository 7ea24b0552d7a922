// Statements out of a log, for `howdah route --from-log`. Four forms, told apart by the first line that is not empty:
//   plain        one statement per line
//   stderr       PostgreSQL's log lines with `statement: ...`, `execute NAME: ...`, also behind `duration: ...`; lines that
//                go on begin with a tab (manual "Error Reporting and Logging")
//   csvlog       the same messages in the 14th column; a record may span lines
//   jsonlog      the same messages under "message"; a record is a line
// Lines are handed in one by one, so that a log of any size needs the memory of its longest record. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace howdah {

class StatementLogReader {
 public:
  // `session` tells statements of different connections apart; empty where the log does not say.
  using Take = std::function<void(std::string_view session, std::string_view sql)>;

  explicit StatementLogReader(Take take) : take_(std::move(take)) {}

  void line(std::string_view line);  // without its line end
  void finish();

 private:
  enum class Form { unknown, plain, stderr_log, csv, json };

  static Form form_of(std::string_view line);
  void plain_line(std::string_view line);
  void stderr_line(std::string_view line);
  void csv_line(std::string_view line);
  void json_line(std::string_view line);
  void take_message(std::string_view session, std::string_view message);
  void flush();

  Take take_;
  Form form_ = Form::unknown;
  std::string pending_;          // of stderr: the message so far; of csv: the record so far
  std::string pending_session_;
  bool has_pending_ = false;
  std::size_t open_quotes_ = 0;  // seen in the pending record
};

// The fields of one CSV record, quotes taken off. False if a quote is still open: the record goes on.
bool split_csv(std::string_view record, std::vector<std::string>& fields);

}  // namespace howdah
