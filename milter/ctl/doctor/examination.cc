// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/doctor/examination.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <system_error>

#include <fmt/format.h>
#include <unistd.h>

#include "milter/ctl/configuration.h"
#include "milter/ctl/doctor/mail_server.h"

namespace icm::ctl::doctor {
namespace {

struct Organ {
  std::string_view area;
  Diagnoses (*examine)(const Context&, Deadline);
};

constexpr std::array organs = {
    Organ{"configuration", examine_configuration},
    Organ{"daemon", examine_daemon},
    Organ{"socket", examine_socket},
    Organ{"postfix", examine_postfix},
    Organ{"egress", examine_egress},
    Organ{"domain", examine_domains},
    Organ{"blocklist", examine_blocklists},
    Organ{"clock", examine_clock},
    Organ{"disk", examine_disk},
    Organ{"store", examine_store},
    Organ{"key", examine_keys},
    Organ{"unsubscribe", examine_unsubscribe},
    Organ{"relay", examine_icloud_relay},
};

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

// The file, or what the program has built in where nobody named one and there is none.
ConfigResult read(const Request& request, const std::string& file, WallTime now) {
  std::error_code error;
  if (request.config.empty() && !std::filesystem::exists(file, error) && !error) {
    return ReadConfig();
  }
  return read_config(file, now);
}

Diagnoses unreadable(const std::vector<ConfigProblem>& problems) {
  Diagnoses diagnoses;
  for (const ConfigProblem& problem : problems) {
    if (problem.severity == ConfigProblem::Severity::warning) continue;
    const std::string text = to_string(problem);
    const bool is_hidden =
        ::geteuid() != 0 && text.find(std::generic_category().message(EACCES)) != std::string::npos;
    add(diagnoses, found("configuration.errors", {}, text,
                         is_hidden ? "run the doctor as root" : std::string()));
  }
  return diagnoses;
}

// Of one kind about one thing the first few are told, then how many more there are: what others
// publish in the DNS must not bury the rest.
Diagnoses without_flood(Diagnoses all) {
  constexpr std::size_t most_alike = 10;
  std::map<std::pair<const Known*, std::string>, std::vector<std::size_t>> alike;
  for (std::size_t i = 0; i < all.size(); ++i) {
    alike[{all[i].known, all[i].subject}].push_back(i);
  }
  for (const auto& [kind, places] : alike) {
    if (places.size() <= most_alike) continue;
    all[places[most_alike - 1]].evidence +=
        fmt::format("; and {} more like it", places.size() - most_alike);
    for (std::size_t i = most_alike; i < places.size(); ++i) all[places[i]].known = nullptr;
  }
  std::erase_if(all, [](const Diagnosis& one) { return one.known == nullptr; });
  return all;
}

}  // namespace

Diagnoses examine(const Request& request, Resolver& resolver, WallTime now,
                  const Progress& progress) {
  const std::string file =
      request.config.empty() ? std::string(default_config_path) : request.config;
  const ConfigResult configuration = read(request, file, now);
  if (!configuration) return unreadable(configuration.error());
  AuthSources sources(resolver, PublicSuffixList::system());
  Context context{.config = configuration->config,
                  .config_file = file,
                  .warnings = configuration->warnings,
                  .questions = request.questions,
                  .sources = sources,
                  .now = now,
                  .credentials = credentials_directory(),
                  .host = host_name(),
                  .is_hermetic = request.is_hermetic};
  context.daemon = user_of_daemon(context.config, Deadline::in(std::chrono::seconds{5}));
  const auto is_wanted = [&](std::string_view area) {
    return request.areas.empty() || std::ranges::find(request.areas, area) != request.areas.end();
  };
  std::optional<MailServer> mail_server;
  if (is_wanted("socket") || is_wanted("postfix") || is_wanted("relay")) {
    auto read = MailServer::read(request.questions.postfix_directory);
    if (read) {
      context.mail_server = &mail_server.emplace(*std::move(read));
    } else {
      context.no_mail_server = read.error().text;
      context.is_postfix_there = postfix::is_there(request.questions.postfix_directory);
    }
  }
  Diagnoses diagnoses;
  std::size_t done = 0;
  for (const Organ& organ : organs) {
    progress(organ.area, done++);
    if (!is_wanted(organ.area)) continue;
    add(diagnoses, without_flood(organ.examine(context, Deadline::in(area_deadline))));
  }
  return diagnoses;
}

}  // namespace icm::ctl::doctor
