#include "conf/io/host_facts.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <ifaddrs.h>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace howdah {

namespace {

std::optional<IpAddress> address_of(const sockaddr* address) {
  if (!address) return std::nullopt;
  char text[INET6_ADDRSTRLEN] = {};
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof v4);
    return parse_ip(inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text));
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  IpAddress result{true};
  sockaddr_in6 v6;
  std::memcpy(&v6, address, sizeof v6);
  std::memcpy(result.bytes.data(), &v6.sin6_addr, result.bytes.size());
  return result;
}

sockaddr_storage socket_address(const IpAddress& address, socklen_t& size) {
  sockaddr_storage storage = {};
  if (address.is_v6) {
    sockaddr_in6 v6 = {};
    v6.sin6_family = AF_INET6;
    std::memcpy(&v6.sin6_addr, address.bytes.data(), 16);
    std::memcpy(&storage, &v6, size = sizeof v6);
  } else {
    sockaddr_in v4 = {};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, address.bytes.data(), 4);
    std::memcpy(&storage, &v4, size = sizeof v4);
  }
  return storage;
}

}  // namespace

std::vector<IpRange> own_networks() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(first, &freeifaddrs);
  std::vector<IpRange> networks;
  for (const ifaddrs* entry = first; entry; entry = entry->ifa_next) {
    const auto address = address_of(entry->ifa_addr);
    const auto mask = address_of(entry->ifa_netmask);
    const auto range = address && mask ? make_range(*address, *mask) : std::nullopt;
    if (range) networks.push_back(*range);
  }
  return networks;
}

std::optional<std::string> confirmed_name_of(const IpAddress& address) {
  socklen_t size = 0;
  const sockaddr_storage storage = socket_address(address, size);
  char name[NI_MAXHOST] = {};
  if (getnameinfo(reinterpret_cast<const sockaddr*>(&storage), size, name, sizeof name, nullptr, 0, NI_NAMEREQD) != 0)
    return std::nullopt;
  addrinfo* first = nullptr;
  if (getaddrinfo(name, nullptr, nullptr, &first) != 0) return std::nullopt;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(first, &freeaddrinfo);
  for (const addrinfo* entry = first; entry; entry = entry->ai_next)
    if (address_of(entry->ai_addr) == address) return std::string(name);
  return std::nullopt;
}

}  // namespace howdah
