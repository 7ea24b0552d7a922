// Values as SHOW POOL_STATUS, pcp_pool_status and PGPOOL SHOW print them. Secrets never leave in clear.
#pragma once

#include "conf/param.hpp"

#include <string>

namespace howdah {

inline constexpr const char* kHidden = "*****";

// SHOW POOL_STATUS: 0/1, plain numbers in the parameter's unit, codes of enumerations; "(null)" where Pgpool has it.
std::string status_value(const ParamBase& param);

// PGPOOL SHOW: on/off, names, "5min", "64MB"; health_check_* and connect_timeout without unit, as Pgpool.
std::string show_value(const ParamBase& param);

// As it would be written in pgpool.conf, secrets included: not for showing.
std::string file_value(const ParamBase& param);

}  // namespace howdah
