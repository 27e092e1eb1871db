// SPDX-License-Identifier: Apache-2.0
#include "milter/ctl/postfix/arrival_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "milter/ctl/postfix/config_text.h"
#include "milter/ctl/postfix/gate_files.h"
#include "policy/base/text.h"

namespace icm::ctl::postfix {
namespace {

class ArrivalPlanner {
 public:
  ArrivalPlanner(const Site& site, Plan& plan, std::vector<std::string>& main_block)
      : site_(site), plan_(plan), main_block_(main_block) {}

  void plan() {
    look_for_chroots();
    look_for_roles();
    const std::string entry = entry_for(site_.postfix.value("milter_default_action"));
    const bool has_smtpd = find_value(site_.main_cf, "smtpd_milters").has_value();
    for (const std::string_view name : {"smtpd_milters", "non_smtpd_milters"}) {
      if (has_ours(parse_milter_list(site_.postfix.value(name)))) continue;
      const auto value = find_value(site_.main_cf, name);
      if (!value) {
        std::string text(gate_parameter(name));
        replace_all(text, socket_in_files, entry);
        main_block_.push_back(std::move(text));
        continue;
      }
      const std::string_view now = value->of(site_.main_cf);
      if (refers_to(now, "smtpd_milters")) continue;  // follows what the other becomes
      plan_.insertions.push_back(into_main_value(
          name, value->end, (trim(now).empty() ? " " : ", ") + entry,
          "The arrival. Behind the milters that you have, so that what they sign or write "
          "is there."));
    }
    if (!find_value(site_.main_cf, "milter_default_action") && !has_smtpd) {
      main_block_.emplace_back(gate_parameter("milter_default_action"));
    }
    for (const Listener& listener : listeners_of(site_.postfix)) plan_listener(listener);
  }

 private:
  // Our milter as an entry of a list, where others may have been told to let mail pass without
  // them.
  std::string entry_for(std::string_view default_action) const {
    const std::string place = milter_place(site_);
    if (default_action == "tempfail") return place;
    return fmt::format("{{{},default_action=tempfail}}", place);
  }

  bool has_ours(const std::vector<MilterEntry>& milters) const {
    return std::ranges::any_of(milters, [&](const MilterEntry& one) {
      return leads_to(one, site_.socket, site_.postfix.queue_directory());
    });
  }

  static bool refers_to(std::string_view value, std::string_view name) {
    for (const std::string& form : {fmt::format("${{{}}}", name), fmt::format("$({})", name)}) {
      if (value.find(form) != std::string_view::npos) return true;
    }
    const std::string form = fmt::format("${}", name);
    const auto at = value.find(form);
    if (at == std::string_view::npos) return false;
    const std::string_view rest = value.substr(at + form.size());
    return rest.empty() || !(is_alpha(rest[0]) || is_digit(rest[0]) || rest[0] == '_');
  }

  void plan_listener(const Listener& listener) {
    if (has_ours(listener.milters)) return;
    const std::string key = listener.service->key();
    const bool is_left = is_left_alone(site_.postfix, listener, site_.is_arrival_covered);
    if (has_no_milters_on_purpose(site_.postfix, listener) && !is_left) {
      conflict(
          "master.cf: {} has no milters, on purpose, others than this host reach it, and "
          "milter.conf says arrival.covered: yes: take its empty smtpd_milters or its no_milters "
          "away, or set arrival.covered: no",
          key);
      return;
    }
    if (!listener.has_own_milters) {
      if (takes_mail_back(site_.postfix, listener)) keep_as_it_is(listener);
      return;  // has what main.cf says
    }
    if (is_left) {
      plan_.notes.push_back(fmt::format(
          "{} has no milters, on purpose, and is left so: mail that comes in there is not seen at "
          "arrival",
          key));
      return;
    }
    const auto line = find_service(site_.master_cf, listener.service->name, listener.service->type);
    if (!line) return;
    for (const Override& one : overrides_in(site_.master_cf, *line)) {
      if (one.name != "smtpd_milters") continue;
      if (refers_to(one.value.of(site_.master_cf), "smtpd_milters")) return;
      plan_.insertions.push_back(
          {.file = File::master_cf,
           .at = one.value.end,
           .text = "," + entry_for(listener.default_action),
           .reason = "The arrival, where " + key + " has milters of its own.",
           .parameter = "smtpd_milters",
           .service = key});
      return;
    }
    conflict(
        "master.cf: {}: its -o smtpd_milters cannot be found in the file as it is written; add "
        "{} to it",
        key, milter_place(site_));
  }

  // A content filter hands mail back there: arrival has seen it, and a second look would forget how
  // it came in.
  void keep_as_it_is(const Listener& listener) {
    const auto line = find_service(site_.master_cf, listener.service->name, listener.service->type);
    if (!line) return;
    const auto own = site_.postfix.own.find("smtpd_milters");
    const std::string value = own == site_.postfix.own.end() ? "" : own->second;
    const bool has_break = line->end > 0 && site_.master_cf[line->end - 1] == '\n';
    const std::string option = value.find_first_of(" \t") == std::string::npos
                                   ? "-o smtpd_milters=" + value
                                   : "-o { smtpd_milters = " + value + " }";
    plan_.insertions.push_back(
        {.file = File::master_cf,
         .at = line->end,
         .text = fmt::format("{}    {}\n", has_break ? "" : "\n", option),
         .reason = fmt::format("A content filter hands mail back to {}, which arrival has seen "
                               "already: it keeps the milters it had.",
                               listener.service->key()),
         .parameter = {},
         .service = listener.service->key()});
  }

  void look_for_chroots() {
    if (!milter_place(site_).starts_with("unix:/")) return;
    for (const Service& service : site_.postfix.services) {
      if (service.command != "smtpd" && service.command != "cleanup") continue;
      if (!site_.postfix.is_chrooted(service)) continue;
      conflict(
          "the milter's socket {} is outside the queue directory {}, and {} runs in a chroot "
          "there: set socket.address in milter.conf to inet:10028@127.0.0.1, or to a path below it "
          "that the daemon may write to (systemctl edit icloud-milter: [Service] "
          "ReadWritePaths=-{}/icloud-milter), restart the daemon; or leave the arrival out with "
          "--without-arrival",
          site_.socket.path, site_.postfix.queue_directory(), service.key(),
          site_.postfix.queue_directory());
      return;
    }
  }

  void look_for_roles() {
    if (site_.roles.arrival.empty()) return;
    for (const Listener& listener : listeners_of(site_.postfix)) {
      const auto names = [&](const std::vector<std::string>& list) {
        return std::ranges::find(list, listener.daemon_name) != list.end();
      };
      if (is_left_alone(site_.postfix, listener, site_.is_arrival_covered) ||
          names(site_.roles.arrival) || names(site_.roles.direct) || names(site_.roles.gate)) {
        continue;
      }
      conflict(
          "milter.conf: roles.arrival does not name {}, as {} is called: its mail would be "
          "deferred (451 4.3.5); add the name",
          listener.daemon_name, listener.service->key());
    }
  }

  template <class... Parts>
  void conflict(fmt::format_string<Parts...> words, Parts&&... parts) {
    plan_.conflicts.push_back(fmt::format(words, std::forward<Parts>(parts)...));
  }

  const Site& site_;
  Plan& plan_;
  std::vector<std::string>& main_block_;
};

}  // namespace

void plan_arrival(const Site& site, Plan& plan, std::vector<std::string>& main_block) {
  ArrivalPlanner(site, plan, main_block).plan();
}

}  // namespace icm::ctl::postfix
