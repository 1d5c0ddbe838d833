#include "sim/scenario.hpp"

namespace abc2::sim {

std::span<const Form> forms_of(const Scenario& scenario) {
  return std::span(all_forms).first(scenario.has_commits ? std::size(all_forms) : 1);
}

Scenario in_form(Scenario scenario, Form form) {
  scenario.form = form;
  if (form == Form::commits) scenario.budget = scenario.in_commits;
  for (std::size_t i = 0; i < scenario.actors.size(); ++i)
    scenario.actors[i].commits = form == Form::commits || (form == Form::mixed && i % 2 == 0);
  return scenario;
}

}  // namespace abc2::sim
