drop view api.$layer;
$columns
$view
update data.layer set $row where id = '$layer';
