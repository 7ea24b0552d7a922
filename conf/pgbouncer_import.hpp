// `howdah --import pgbouncer.ini`: PgBouncer's files as pgpool.conf, pool_hba.conf and pool_passwd with the same meaning,
// and a finding with its line for everything that has no counterpart (warning), is not needed here (notice), or is
// wrong (error). Pure: the caller reads and writes the files.
#pragma once

#include <string>
#include <vector>

#include "conf/finding.hpp"
#include "conf/pgbouncer_ini.hpp"
#include "conf/validate.hpp"

namespace howdah {

struct ImportedFiles {
  std::string pgpool_conf;
  bool holds_password = false;  // pgpool_conf does: nobody else may read it
  std::string pool_hba;
  std::string pool_passwd;
  Findings findings;
};

// `directory` is where the files will lie; they are checked as if they lay there. `servers` chooses where [databases] lie on
// several, as findings name them ("host:port,host:port"); empty: those that most databases lie on.
ImportedFiles import_pgbouncer(const std::string& path, const std::string& directory, const std::string& servers,
                               const FileReader& read);

// ---- its parts

// [databases]: which servers there are, which database names clients may ask for, and what databases set for themselves.
struct ImportedDatabases {
  bool has_fallback = false;       // "*": any name
  std::vector<std::string> names;  // the others
  std::string first_database;      // on the server
  bool has_only_forced_users = true;  // each database says who logs in to the servers
  std::string forced_user;         // the first of them whose password is said too; empty: none
  std::string forced_password;
  std::string pgpool_conf;         // lines
  Places places;                   // where each of them comes from
};
ImportedDatabases import_databases(const PgbouncerIni& ini, const std::string& servers, Findings& findings);

// auth_type, auth_file and auth_hba_file.
struct ImportedLogins {
  std::string pool_hba;
  std::string pool_passwd;
  std::string check_user;  // auth_user, or the first, of those whose password is listed in clear; empty: there is none
};
ImportedLogins import_logins(const PgbouncerIni& ini, const ImportedDatabases& databases, const FileReader& read,
                             Findings& findings);

}  // namespace howdah
