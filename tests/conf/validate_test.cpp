#include "conf/validate.hpp"

#include "tests/conf/load_support.hpp"

#include <catch2/catch.hpp>

namespace howdah {

TEST_CASE("parameters that do not go together are told") {
  struct Row {
    const char* lines;
    const char* said;
  };
  constexpr Row kRows[] = {
      {"backend_clustering_mode = native_replication",
       ":6: error: backend_clustering_mode \"native_replication\" is not supported; use streaming_replication"},
      {"backend_clustering_mode = snapshot_isolation", ":6: error: backend_clustering_mode \"snapshot_isolation\""},
      {"backend_clustering_mode = logical_replication", "is not supported; use raw with one server"},
      {"backend_flag0 = ALWAYS_PRIMARY\nbackend_flag1 = 'ALWAYS_PRIMARY'",
       ":7: error: nodes 0 and 1 are both ALWAYS_PRIMARY"},
      {"backend_hostname1 = 'a'", "warning: node 1 has the host and port of another node"},
      {"backend_weight0 = 0\nbackend_weight1 = 0", "warning: all backend_weightN are 0"},
      {"listen_addresses = ''\nunix_socket_directories = ''", "error: listen_addresses and unix_socket_directories"},
      {"pcp_port = 9999", "error: port and pcp_port are the same"},
      {"ssl = on", ":6: warning: clients are not offered TLS"},
      {"client_tls_sslmode = require", ":6: error: client_tls_sslmode requires TLS, but ssl_cert"},
      {"client_tls_sslmode = verify-ca\nssl_cert = 'c'\nssl_key = 'k'", "error: client_tls_sslmode verifies clients"},
      {"server_tls_sslmode = verify-full", "error: server_tls_sslmode verifies servers"},
      {"server_tls_cert_file = 'c'", "error: server_tls_cert_file and server_tls_key_file need one another"},
      {"min_pool_size = 30", "warning: min_pool_size is above default_pool_size"},
      {"sr_check_period = 0\ndelay_threshold = 10", "warning: sr_check_period = 0: no delay is measured"},
      {"sr_check_period = 0", "warning: sr_check_period = 0: auto_failback"},
      {"sr_check_user = ''", ":6: warning: sr_check_user is not set"},
      {"health_check_period = 0", "warning: health_check_period = 0"},
      {"delay_threshold = 10\ndelay_threshold_by_time = 1s", ":6: warning: delay_threshold is not used"},
      {"failover_command = ''", "nobody is known to promote a standby when the primary fails: set failover_mode = native"},
      {"failover_mode = command", ":6: error: failover_mode = command needs a failover_command"},
      {"failover_mode = native\nfailover_command = 'x'",
       ":7: warning: failover_command is not run, because "
       "failover_mode = native"},
      {"read_only_function_list = 'a'\nwrite_function_list = 'b'", "warning: read_only_function_list and write"},
      {"dml_adaptive_object_relationship_list = 'a:b'",
       ":6: warning: dml_adaptive_object_relationship_list is not used"},
      {"failover_mode = patroni", ":6: warning: failover_mode = patroni without patroni_urls"},
      {"failover_mode = patroni\npatroni_urls = 'db1:8008/cluster'",
       ":7: error: parameter \"patroni_urls\": \"db1:8008/cluster\" is no address"},
      {"failover_mode = native\npatroni_urls = 'http://db1:8008'", ":7: warning: patroni_urls are not asked, because failover_mode = native"},
      {"failover_mode = patroni\netcd_endpoints = 'http://db1:2379'", ":7: warning: etcd_endpoints are not used"},
      {"failover_mode = native\netcd_endpoints = 'db1:x'", ":7: error: parameter \"etcd_endpoints\""},
      {"gateway_name = 'g1'", ":6: warning: gateway_name is not used, because etcd_endpoints is not set"},
      {"etcd_cluster_name = 'a/b'", ":6: error: etcd_cluster_name is part of a key of etcd and may not have a slash"},
      {"etcd_cluster_name = ''", ":6: error: etcd_cluster_name may not be empty"},
      {"etcd_user = 'howdah'", ":6: error: etcd_user and etcd_password need one another"},
      {"patroni_password = 'x'", "error: patroni_user and patroni_password need one another"},
      {"backend_clustering_mode = raw", ":6: warning: backend_clustering_mode raw with several servers"},
      {"log_destination = 'file'", "error: log_destination \"file\": stderr and syslog are known"},
      {"write_function_list = 'a,b(,c'", ":6: error: invalid regular expression \"b(\" in parameter"},
      {"write_function_list = '((a{255}){255}){255}'", ":6: error: the regular expression \"((a{255}){255}){255}\""},
      {"write_function_list = 'a{99999999999999999999}'", "error: "},
      {"primary_routing_query_pattern_list = 'x{1,200}y{1,200}'", "repeats too much"},
      {"primary_routing_query_pattern_list = '['", "error: invalid regular expression \"[\""},
      {"database_redirect_preference_list = 'a:primary,b'",
       ":6: error: parameter \"database_redirect_preference_list\": "
       "\"b\": pattern:node"},
      {"database_redirect_preference_list = 'a:secondary'", "the node is primary, standby or a number"},
      {"database_redirect_preference_list = 'a:standby(2)'", "the weight is a number from 0 to 1"},
      {"database_redirect_preference_list = 'a:standby(0.5'", "no closing parenthesis"},
      {"database_redirect_preference_list = 'a[:1'", "invalid regular expression \"a[\""},
      {"app_name_redirect_preference_list = 'a:9'",
       "warning: parameter \"app_name_redirect_preference_list\": \"a:9\" "
       "prefers a node that is not configured"},
  };
  for (const Row& row : kRows) {
    INFO(row.lines);
    const Loaded loaded = load_after_nodes(std::string(row.lines) + "\n");
    INFO(said(loaded.findings));
    CHECK(said(loaded.findings).find(row.said) != std::string::npos);
  }
}

TEST_CASE("a configuration without servers is refused") {
  CHECK(finding_with(load_text("port = 5432\n").findings, "error: there is no server"));
}

TEST_CASE("raw mode with one server needs no user for checks") {
  CHECK(said(load_text("backend_clustering_mode = raw\nbackend_hostname0 = 'a'\n").findings).empty());
}

TEST_CASE("a directory of Unix sockets may be a host, and the port has PostgreSQL's default") {
  const Loaded loaded = load_text("backend_hostname0 = '/run/postgresql'\nsr_check_user = 'm'\n");
  CHECK(said(loaded.findings).empty());
  CHECK(loaded.settings.nodes.at(0).backend_port() == 5432);
}

}  // namespace howdah
