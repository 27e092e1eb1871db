// SPDX-License-Identifier: Apache-2.0
#include "policy/dns/resolv_conf.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "policy/base/text.h"

namespace icm {
namespace {

constexpr std::size_t max_servers = 8;      // the C library asks three
constexpr std::size_t max_size = 64 << 10;  // octets read of the file

std::string_view first_word(std::string_view& line) {
  line = trim(line);
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

}  // namespace

std::vector<NameServer> parse_resolv_conf(std::string_view text) {
  std::vector<NameServer> servers;
  for (std::string_view line : split(text, '\n')) {
    if (servers.size() == max_servers) break;
    if (first_word(line) != "nameserver") continue;
    const auto server = NameServer::parse(first_word(line));
    if (server) servers.push_back(*server);
  }
  if (servers.empty()) {
    servers.push_back({.address = IpAddress::v4({127, 0, 0, 1}),
                       .port = NameServer::default_port,
                       .interface = {}});
  }
  return servers;
}

Result<std::vector<NameServer>> read_resolv_conf(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::array<char, max_size> text{};
  file.read(text.data(), text.size());
  const bool has_read = file.gcount() > 0 || file.eof();
  if (!has_read && errno != ENOENT) {
    return fail(Code::config,
                fmt::format("{}: cannot be read: {}", for_log(path), std::strerror(errno)));
  }
  return parse_resolv_conf({text.data(), static_cast<std::size_t>(file.gcount())});
}

}  // namespace icm
