// The enumerations of configuration: what may be written in a file, and the number that SHOW POOL_STATUS and
// pcp_pool_status print for each (Pgpool's numbers; ours are counted from 1). An enumeration is a value of a Param as
// soon as names_of() knows it.
#pragma once

#include <array>
#include <concepts>
#include <string_view>
#include <type_traits>

namespace howdah {

template <typename E>
struct EnumName {
  E value;
  std::string_view name;
  int code;
};

template <typename E>
concept NamedEnum = std::is_enum_v<E> && requires(E value) {
  names_of(value);
};

enum class ClusteringMode { streaming_replication, native_replication, logical_replication, raw, snapshot_isolation };
constexpr auto names_of(ClusteringMode) {
  using enum ClusteringMode;
  return std::to_array<EnumName<ClusteringMode>>({{streaming_replication, "streaming_replication", 1},
                                                  {native_replication, "native_replication", 2},
                                                  {logical_replication, "logical_replication", 3},
                                                  {raw, "raw", 4},
                                                  {snapshot_isolation, "snapshot_isolation", 5}});
}

enum class ProcessManagementMode { fixed, dynamic };
constexpr auto names_of(ProcessManagementMode) {
  using enum ProcessManagementMode;
  return std::to_array<EnumName<ProcessManagementMode>>({{fixed, "static", 1}, {dynamic, "dynamic", 2}});
}

enum class ProcessManagementStrategy { aggressive, gentle, lazy };
constexpr auto names_of(ProcessManagementStrategy) {
  using enum ProcessManagementStrategy;
  return std::to_array<EnumName<ProcessManagementStrategy>>(
      {{aggressive, "aggressive", 1}, {gentle, "gentle", 2}, {lazy, "lazy", 3}});
}

enum class PoolMode { session, transaction, statement };
constexpr auto names_of(PoolMode) {
  using enum PoolMode;
  return std::to_array<EnumName<PoolMode>>(
      {{session, "session", 1}, {transaction, "transaction", 2}, {statement, "statement", 3}});
}

// libpq's meanings of sslmode.
enum class TlsMode { disable, allow, prefer, require, verify_ca, verify_full };
constexpr auto names_of(TlsMode) {
  using enum TlsMode;
  return std::to_array<EnumName<TlsMode>>({{disable, "disable", 1},
                                           {allow, "allow", 2},
                                           {prefer, "prefer", 3},
                                           {require, "require", 4},
                                           {verify_ca, "verify-ca", 5},
                                           {verify_full, "verify-full", 6}});
}

enum class ErrorVerbosity { terse, normal, verbose };
constexpr auto names_of(ErrorVerbosity) {
  using enum ErrorVerbosity;
  return std::to_array<EnumName<ErrorVerbosity>>(
      {{terse, "terse", 0}, {normal, "default", 1}, {verbose, "verbose", 2}});
}

enum class MessageLevel { debug5, debug4, debug3, debug2, debug1, log, info, notice, warning, error, fatal, panic };
constexpr auto names_of(MessageLevel) {
  using enum MessageLevel;
  return std::to_array<EnumName<MessageLevel>>({{debug5, "debug5", 10},
                                                {debug4, "debug4", 11},
                                                {debug3, "debug3", 12},
                                                {debug2, "debug2", 13},
                                                {debug2, "debug", 13},
                                                {debug1, "debug1", 14},
                                                {log, "log", 15},
                                                {info, "info", 17},
                                                {notice, "notice", 18},
                                                {warning, "warning", 19},
                                                {error, "error", 20},
                                                {fatal, "fatal", 21},
                                                {panic, "panic", 22}});
}

enum class BackendMessages { none, terse, verbose };
constexpr auto names_of(BackendMessages) {
  using enum BackendMessages;
  return std::to_array<EnumName<BackendMessages>>({{none, "none", 1}, {terse, "terse", 2}, {verbose, "verbose", 3}});
}

enum class StandbyDelayLog { always, if_over_threshold, none };
constexpr auto names_of(StandbyDelayLog) {
  using enum StandbyDelayLog;
  return std::to_array<EnumName<StandbyDelayLog>>(
      {{always, "always", 1}, {if_over_threshold, "if_over_threshold", 2}, {none, "none", 3}});
}

// The numbers are those of <syslog.h>.
enum class SyslogFacility { local0, local1, local2, local3, local4, local5, local6, local7 };
constexpr auto names_of(SyslogFacility) {
  using enum SyslogFacility;
  return std::to_array<EnumName<SyslogFacility>>({{local0, "LOCAL0", 128},
                                                  {local1, "LOCAL1", 136},
                                                  {local2, "LOCAL2", 144},
                                                  {local3, "LOCAL3", 152},
                                                  {local4, "LOCAL4", 160},
                                                  {local5, "LOCAL5", 168},
                                                  {local6, "LOCAL6", 176},
                                                  {local7, "LOCAL7", 184}});
}

enum class WriteEffect { off, transaction, trans_transaction, always, dml_adaptive };
constexpr auto names_of(WriteEffect) {
  using enum WriteEffect;
  return std::to_array<EnumName<WriteEffect>>({{off, "off", 1},
                                               {transaction, "transaction", 2},
                                               {trans_transaction, "trans_transaction", 3},
                                               {always, "always", 4},
                                               {dml_adaptive, "dml_adaptive", 5}});
}

enum class TempTableCheck { catalog, trace, none, on, off };  // on = catalog, off = none
constexpr auto names_of(TempTableCheck) {
  using enum TempTableCheck;
  return std::to_array<EnumName<TempTableCheck>>(
      {{catalog, "catalog", 1}, {trace, "trace", 2}, {none, "none", 3}, {on, "on", 4}, {off, "off", 5}});
}

enum class RelcacheTarget { primary, load_balance_node };
constexpr auto names_of(RelcacheTarget) {
  using enum RelcacheTarget;
  return std::to_array<EnumName<RelcacheTarget>>(
      {{primary, "primary", 1}, {load_balance_node, "load_balance_node", 2}});
}

enum class LifecheckMethod { query, heartbeat, external };
constexpr auto names_of(LifecheckMethod) {
  using enum LifecheckMethod;
  return std::to_array<EnumName<LifecheckMethod>>(
      {{query, "query", 1}, {heartbeat, "heartbeat", 2}, {external, "external", 3}});
}

enum class CacheMethod { shmem, memcached };
constexpr auto names_of(CacheMethod) {
  using enum CacheMethod;
  return std::to_array<EnumName<CacheMethod>>({{shmem, "shmem", 1}, {memcached, "memcached", 2}});
}

// Howdah's own.

enum class PcpCompatibility { v4_7, v4_3 };
constexpr auto names_of(PcpCompatibility) {
  using enum PcpCompatibility;
  return std::to_array<EnumName<PcpCompatibility>>({{v4_7, "4.7", 1}, {v4_3, "4.3", 2}});
}

enum class PgbouncerCompatibility { v1_25, v1_18 };
constexpr auto names_of(PgbouncerCompatibility) {
  using enum PgbouncerCompatibility;
  return std::to_array<EnumName<PgbouncerCompatibility>>({{v1_25, "1.25", 1}, {v1_18, "1.18", 2}});
}
// The release whose answers these are.
constexpr std::string_view release_of(PgbouncerCompatibility version) {
  return version == PgbouncerCompatibility::v1_18 ? "1.18.0" : "1.25.2";
}

enum class FailoverMode { native, command, patroni, none };
constexpr auto names_of(FailoverMode) {
  using enum FailoverMode;
  return std::to_array<EnumName<FailoverMode>>(
      {{native, "native", 1}, {command, "command", 2}, {patroni, "patroni", 3}, {none, "none", 4}});
}

enum class ReadConsistency { eventual, session, global };
constexpr auto names_of(ReadConsistency) {
  using enum ReadConsistency;
  return std::to_array<EnumName<ReadConsistency>>(
      {{eventual, "eventual", 1}, {session, "session", 2}, {global, "global", 3}});
}

}  // namespace howdah
