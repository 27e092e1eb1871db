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
constexpr std::chrono::minutes site_patience{10};

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
  site.asked_routes = table_of_daemon(milter, site.postfix.queue_directory());
  site.routes_transport = milter.routing.socketmap.transport;
  const std::vector<std::string> domains = domains_of(site);
  const Deadline deadline = Deadline::in(site_patience);
  ICM_TRY(site.routes, ask_routes(programs, site.postfix, domains, table_patience, deadline));
  site.people =
      single_routes(programs, site.postfix, domains, site.asked_routes, table_patience, deadline);
  site.filters = filter_lines(programs, site.postfix, site.roles, table_patience, deadline);
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

}  // namespace icm::ctl::postfix
