// The functions behind the rows of commands.cpp. Each answers exactly once through `reply`, at once or later.
#pragma once

#include "pcp/command.hpp"

namespace howdah::pcp {

// cmd_node.cpp
CommandFunction cmd_node_count;
CommandFunction cmd_node_info;
CommandFunction cmd_health_check_stats;

// cmd_process.cpp
CommandFunction cmd_proc_count;
CommandFunction cmd_proc_info;

// cmd_failover.cpp
CommandFunction cmd_attach_node;
CommandFunction cmd_detach_node;
CommandFunction cmd_promote_node;
CommandFunction cmd_recovery_node;

// cmd_admin.cpp
CommandFunction cmd_pool_status;
CommandFunction cmd_reload_config;
CommandFunction cmd_log_rotate;
CommandFunction cmd_stop_pgpool;
CommandFunction cmd_watchdog_info;
CommandFunction cmd_invalidate_query_cache;
CommandFunction cmd_set_parameter;
CommandFunction cmd_obsolete;

}  // namespace howdah::pcp
