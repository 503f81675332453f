//! The names that the document gives to what the contracts name: JSON's spelling throughout.

use prost_reflect::FieldDescriptor;

use crate::bridge::field_path::FieldPath;
use crate::bridge::routes::Route;

/// The route's path, every variable by the name of its parameter.
pub(super) fn path(route: &Route) -> String {
    let mut path = route.template.to_string();
    for variable in &route.variables {
        let parameter = path_parameter(route, variable);
        path = path.replace(&format!("{{{variable}}}"), &format!("{{{parameter}}}"));
    }
    path
}

/// The name of a path parameter: the field's own, unless two of a path would have the same.
pub(super) fn path_parameter(route: &Route, variable: &FieldPath) -> String {
    let name = variable.leaf().json_name();
    let mut namesakes = route.variables.iter();
    if namesakes.any(|other| other != variable && other.leaf().json_name() == name) {
        variable.to_string()
    } else {
        name.to_owned()
    }
}

/// The name of a query parameter: the fields on the way to it, and its own.
pub(super) fn query_parameter(parents: &[FieldDescriptor], field: &FieldDescriptor) -> String {
    let mut names: Vec<&str> = parents.iter().map(FieldDescriptor::json_name).collect();
    names.push(field.json_name());
    names.join(".")
}

/// The operation's id: the service, the method, and a number where the method has several routes.
pub(super) fn operation_id(route: &Route) -> String {
    let service = route.method.parent_service();
    let name = format!("{}_{}", service.name(), route.method.name());
    match route.binding {
        0 => name,
        binding => format!("{name}_{}", binding + 1),
    }
}
