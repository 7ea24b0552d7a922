// conf/pgpool.conf.sample, written from the table: every parameter with its help, values and default, commented out.
#pragma once

#include <string>

namespace howdah {

std::string sample_file();

}  // namespace howdah
