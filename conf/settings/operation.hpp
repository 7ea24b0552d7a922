// Parameters about running the program: log and files. Rows only.
#pragma once

#include "conf/param.hpp"

namespace howdah {

inline constexpr std::string_view kOwnLogLines = "log lines have one form of their own (key=value)";
inline constexpr std::string_view kNoCollector = "messages go to stderr; let systemd or the container keep them";

struct LogSettings {
  Param<StringList> log_destination{"log_destination", list_of("stderr"), Change::reload,
                                    "Where messages go: stderr, syslog."};
  Param<std::string> log_line_prefix{"log_line_prefix", "%m: %a pid %p: ", Change::reload,
                                     "Prefix of a log line: %m or %t time, %p process, %a program; %u and %d stay empty."};
  Param<ErrorVerbosity> log_error_verbosity{"log_error_verbosity", ErrorVerbosity::normal, Change::session,
                                            "Amount of detail.", harmless(kOwnLogLines)};
  Param<MessageLevel> client_min_messages{"client_min_messages", MessageLevel::notice, Change::session,
                                          "Least level of Howdah's own messages sent to the client.",
                                          harmless("clients get errors only")};
  Param<MessageLevel> log_min_messages{"log_min_messages", MessageLevel::info, Change::reload, "Least level logged."};
  Param<bool> log_connections{"log_connections", false, Change::reload, "Log each client that connects."};
  Param<bool> log_disconnections{"log_disconnections", false, Change::reload,
                                 "Log each client that leaves, with duration."};
  Param<bool> log_pcp_processes{"log_pcp_processes", false, Change::reload, "Log each PCP connection.",
                                harmless("PCP commands are logged when they change something")};
  Param<bool> log_hostname{"log_hostname", false, Change::reload, "Names instead of addresses in the log.",
                           harmless("addresses are logged")};
  Param<bool> log_statement{"log_statement", false, Change::session, "Log every statement once."};
  Param<bool> log_per_node_statement{
      "log_per_node_statement", false, Change::session,
      "Log every statement once per server it is sent to: DB node id: N backend pid: P statement: ..."};
  Param<bool> notice_per_node_statement{"notice_per_node_statement", false, Change::session,
                                        "The same line as a NOTICE to the client.",
                                        unsupported("use EXPLAIN ROUTE, or log_per_node_statement")};
  Param<bool> log_client_messages{"log_client_messages", false, Change::session,
                                  "Log each protocol message from the client.", harmless("a debugging aid")};
  Param<BackendMessages> log_backend_messages{"log_backend_messages", BackendMessages::none, Change::session,
                                              "Log each protocol message from servers.", harmless("a debugging aid")};
  Param<StandbyDelayLog> log_standby_delay{"log_standby_delay", StandbyDelayLog::if_over_threshold, Change::reload,
                                           "When to log a standby's delay.",
                                           harmless("a standby that is left out for its delay is logged once")};
  Param<SyslogFacility> syslog_facility{"syslog_facility", SyslogFacility::local0, Change::reload, "Syslog facility."};
  Param<std::string> syslog_ident{"syslog_ident", "pgpool", Change::reload, "Syslog program name."};
  Param<bool> logging_collector{"logging_collector", false, Change::restart, "Catch stderr in files.",
                                unsupported(kNoCollector)};
  Param<std::string> log_directory{"log_directory", "/tmp/pgpool_logs", Change::reload, "Where the collector writes.",
                                   harmless(kNoCollector)};
  Param<std::string> log_filename{"log_filename", "pgpool-%Y-%m-%d_%H%M%S.log", Change::reload,
                                  "The collector's file name, a strftime pattern.", harmless(kNoCollector)};
  Param<int> log_file_mode{
      "log_file_mode",       0600, Change::reload, "Mode of log files.", NumberBase::octal_shown_decimal,
      harmless(kNoCollector)};
  Param<minutes> log_rotation_age{"log_rotation_age", 24h, Change::reload, "New log file after; 0 = off.",
                                  harmless(kNoCollector)};
  Param<ByteSize> log_rotation_size{"log_rotation_size",   10_MB,
                                    Change::reload,        "New log file beyond; 0 = off.",
                                    Bare{Unit::kilobyte},  Range{0, 2097151},
                                    harmless(kNoCollector)};
  Param<bool> log_truncate_on_rotation{"log_truncate_on_rotation", false, Change::reload,
                                       "Overwrite an old log file of the same name.", harmless(kNoCollector)};
};

struct FileSettings {
  Param<std::string> pid_file_name{"pid_file_name", "/var/run/pgpool/pgpool.pid", Change::restart,
                                   "Holds the process id."};
  Param<std::string> work_dir{"work_dir", "/tmp", Change::restart,
                              "Directory of pgpool_status, where node states outlive a restart."};
};

}  // namespace howdah
