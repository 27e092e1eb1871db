// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/milter_list.h"

#include <filesystem>

#include <fmt/format.h>

#include "policy/base/text.h"

namespace icm::ctl::postfix {
namespace {

constexpr std::string_view separators = ", \t\r\n";

std::string_view without_braces(std::string_view piece) {
  if (!piece.starts_with('{')) return piece;
  piece.remove_prefix(1);
  if (piece.ends_with('}')) piece.remove_suffix(1);
  return trim(piece);
}

// "{ default_action = accept }" and "default_action=accept" alike.
std::pair<std::string, std::string> parse_setting(std::string_view piece) {
  piece = without_braces(piece);
  const auto equals = piece.find('=');
  if (equals == std::string_view::npos) return {std::string(piece), ""};
  return {std::string(trim(piece.substr(0, equals))), std::string(trim(piece.substr(equals + 1)))};
}

std::string normal_path(std::string_view path) {
  return std::filesystem::path(path).lexically_normal().string();
}

}  // namespace

std::vector<std::string_view> split_list(std::string_view value) {
  std::vector<std::string_view> pieces;
  std::size_t at = value.find_first_not_of(separators);
  while (at != std::string_view::npos) {
    std::size_t end = at;
    int depth = 0;
    while (end < value.size() &&
           (depth > 0 || separators.find(value[end]) == std::string_view::npos)) {
      if (value[end] == '{') ++depth;
      if (value[end] == '}' && depth > 0) --depth;
      ++end;
    }
    pieces.push_back(value.substr(at, end - at));
    at = value.find_first_not_of(separators, end);
  }
  return pieces;
}

std::vector<MilterEntry> parse_milter_list(std::string_view expanded) {
  std::vector<MilterEntry> entries;
  for (const std::string_view piece : split_list(expanded)) {
    MilterEntry entry;
    for (const std::string_view part : split_list(without_braces(piece))) {
      if (entry.endpoint.empty()) {
        entry.endpoint = part;
      } else {
        entry.settings.push_back(parse_setting(part));
      }
    }
    if (!entry.endpoint.empty()) entries.push_back(std::move(entry));
  }
  return entries;
}

bool leads_to(const MilterEntry& entry, const SocketAddress& daemon,
              std::string_view queue_directory) {
  const auto colon = entry.endpoint.find(':');
  if (colon == std::string::npos) return false;
  const std::string_view kind = std::string_view(entry.endpoint).substr(0, colon);
  const std::string_view place = std::string_view(entry.endpoint).substr(colon + 1);
  if (daemon.family == SocketAddress::Family::unix_path) {
    if (kind != "unix" && kind != "local") return false;
    const std::string queue(queue_directory);
    const std::string wanted = normal_path(daemon.path);
    // An absolute path is one below the queue directory where the service is in its chroot.
    return normal_path(queue + "/" + std::string(place)) == wanted ||
           (place.starts_with('/') && normal_path(place) == wanted);
  }
  if (kind != "inet") return false;
  const auto last = place.rfind(':');
  if (last == std::string_view::npos) return false;
  std::string_view host = place.substr(0, last);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (parse_number(place.substr(last + 1)) != daemon.port) return false;
  const bool is_loopback = host == "127.0.0.1" || host == "::1" || equal_ascii(host, "localhost");
  return equal_ascii(host, daemon.host) || (is_loopback && daemon.is_local());
}

}  // namespace icm::ctl::postfix
