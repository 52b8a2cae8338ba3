drop function data.template_beside_mains(text);
