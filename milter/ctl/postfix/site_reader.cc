// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/site_reader.h"

#include <algorithm>
#include <cerrno>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "milter/ctl/postfix/attachment.h"
#include "milter/ctl/postfix/gate_files.h"
#include "policy/base/text.h"
#include "policy/base/unique_fd.h"

namespace icm::ctl::postfix {
namespace {

constexpr std::chrono::minutes table_patience{1};

// Whether a listener of ours could be made there.
bool is_free(std::uint16_t port) {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int yes = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
         errno != EADDRINUSE;
}

// What each table says of each of Apple's domains, and of an address there.
Status add_routes(const PostfixPrograms& programs, Site& site) {
  std::vector<std::string> keys;
  for (const std::string& domain : domains_of(site)) {
    keys.push_back(somebody_at(domain));
    keys.push_back(domain);
  }
  const std::string queue(site.postfix.queue_directory());
  for (const std::string_view table : split_list(site.postfix.value("transport_maps"))) {
    ICM_TRY(auto routes, ask_table(programs, table, keys, queue, Deadline::in(table_patience)));
    for (Route& route : routes) site.routes.push_back(std::move(route));
  }
  return {};
}

// `directory` is the one that the files are for, also where they are tried in another.
Result<Site> complete(const PostfixPrograms& programs, Site site, const Config& milter,
                      std::uint16_t gate_port, const std::string& directory) {
  ICM_TRY(site.postfix, read_configuration(programs));
  if (programs.directory() != directory) {
    // $config_directory in a value, above all in the name of a table.
    for (auto& [name, value] : site.postfix.parameters) {
      replace_all(value, programs.directory(), directory);
    }
  }
  ICM_TRY(site.socket, SocketAddress::parse(milter.socket.address));
  site.roles = milter.roles;
  for (const Domain& domain : milter.apple.domains) site.added_domains.emplace_back(domain.text());
  site.is_arrival_covered = milter.arrival.covered;
  site.is_port_free = is_free(gate_port);
  site.adds_fields = std::ranges::any_of(
      milter.streams, [](const StreamConfig& one) { return one.unsubscribe == "add"; });
  const SocketmapConfig& map = milter.routing.socketmap;
  if (!map.address.empty()) {
    ICM_TRY(const SocketAddress socket, SocketAddress::parse(map.address));
    site.asked_routes =
        fmt::format("socketmap:{}:{}", place_of(socket, site.postfix.queue_directory()), map.map);
    site.routes_transport = map.transport;
  }
  ICM_CHECK(add_routes(programs, site));
  return site;
}

// Gone with all that was written into it.
class TrialDirectory {
 public:
  // What a run that was cut short has left is in the way.
  explicit TrialDirectory(std::string path) : path_(std::move(path)) { clear(); }
  TrialDirectory(const TrialDirectory&) = delete;
  TrialDirectory& operator=(const TrialDirectory&) = delete;
  ~TrialDirectory() {
    clear();
    ::rmdir(path_.c_str());
  }

 private:
  void clear() {
    for (const char* name : {"main.cf", "master.cf", "dynamicmaps.cf", "dynamicmaps.cf.d"}) {
      ::unlink(fmt::format("{}/{}", path_, name).c_str());
    }
  }
  std::string path_;
};

}  // namespace

std::string seen_from_here(std::string_view table, const std::string& queue) {
  constexpr std::string_view kind = "socketmap:unix:";
  const auto at = table.find(kind);
  if (at == std::string_view::npos) return std::string(table);
  const std::string_view path = table.substr(at + kind.size());
  const std::string within = fmt::format("{}/{}", queue, path.substr(0, path.rfind(':')));
  if (path.starts_with('/') && ::access(within.c_str(), F_OK) != 0) return std::string(table);
  return fmt::format("{}{}/{}", table.substr(0, at + kind.size()), queue, path);
}

std::string somebody_at(std::string_view domain) {
  return fmt::format("icloud-milter-probe@{}", domain);
}

Result<std::vector<Route>> ask_table(const PostfixPrograms& programs, std::string_view table,
                                     const std::vector<std::string>& keys, const std::string& queue,
                                     Deadline deadline) {
  const auto cannot = [&](Code code, std::string_view why) {
    return fail(code, fmt::format("transport_maps: {} cannot be asked: {}", table, why));
  };
  const auto end = programs.ask("postmap", {"-q", "-", seen_from_here(table, queue)},
                                fmt::format("{}\n", fmt::join(keys, "\n")), deadline);
  if (!end) return cannot(end.error().code, end.error().text);
  // Not found is status 1, too, and warnings may stand beside it.
  const auto fatal = end->errors.find("fatal:");
  if (end->status != 0 && fatal != std::string::npos) {
    return cannot(Code::config, excerpt(trim(end->errors.substr(fatal)), 400));
  }
  return read_routes(std::string(table), end->output);
}

Result<SiteFiles> read_files(const PostfixPrograms& programs) {
  SiteFiles files;
  ICM_TRY(files.main_cf, read_config_file(programs.directory() + "/main.cf"));
  ICM_TRY(files.master_cf, read_config_file(programs.directory() + "/master.cf"));
  return files;
}

Result<Site> read_site(const PostfixPrograms& programs, const SiteFiles& files,
                       const Config& milter, std::uint16_t gate_port) {
  Site site;
  site.main_cf = files.main_cf.text;
  site.master_cf = files.master_cf.text;
  return complete(programs, std::move(site), milter, gate_port, programs.directory());
}

Result<Site> read_trial_site(const PostfixPrograms& programs, const Site& before,
                             const std::vector<Insertion>& insertions, const Config& milter,
                             std::uint16_t gate_port) {
  const std::string folder = attachment_directory(programs.directory());
  ICM_CHECK(make_private_directory(folder));
  const std::string trial = folder + "/trial";
  ICM_CHECK(make_private_directory(trial));
  const TrialDirectory gone_afterwards(trial);
  struct stat mine {};
  mine.st_uid = ::geteuid();
  mine.st_gid = ::getegid();
  mine.st_mode = 0600;
  Site site;
  site.main_cf = insert(before.main_cf, File::main_cf, insertions);
  site.master_cf = insert(before.master_cf, File::master_cf, insertions);
  ICM_CHECK(put_file(trial + "/main.cf", site.main_cf, mine, Times::of_now));
  ICM_CHECK(put_file(trial + "/master.cf", site.master_cf, mine, Times::of_now));
  // Types of tables that are packages of their own.
  for (const char* name : {"dynamicmaps.cf", "dynamicmaps.cf.d"}) {
    const std::string real = fmt::format("{}/{}", programs.directory(), name);
    if (::access(real.c_str(), R_OK) == 0 &&
        ::symlink(real.c_str(), fmt::format("{}/{}", trial, name).c_str()) != 0) {
      return fail(Code::permanent, trial + ": no links can be made there");
    }
  }
  ICM_TRY(const PostfixPrograms there, PostfixPrograms::of(trial));
  return complete(there, std::move(site), milter, gate_port, programs.directory());
}

std::vector<Route> read_routes(const std::string& table, std::string_view printed) {
  std::vector<Route> routes;
  for (const std::string_view line : split(printed, '\n')) {
    const auto tab = line.find('\t');
    if (tab == std::string_view::npos) continue;
    routes.push_back({.table = table,
                      .key = std::string(line.substr(0, tab)),
                      .answer = std::string(trim(line.substr(tab + 1)))});
  }
  return routes;
}

}  // namespace icm::ctl::postfix
